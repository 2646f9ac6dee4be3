import { randomUUID } from 'node:crypto';
import {
  type Envelope,
  type GapSchema,
  MadError,
  MadStatusOutput,
  PollMessagesOutput,
  type Position,
  SubscribeOutput,
} from '@mad-group/protocol';
import type { z } from 'zod';
import type { ToolClient } from '../../client/tool-client.ts';
import { UsageError } from '../io.ts';
import { nameOf } from '../mads.ts';
import { createReconnecting } from '../reconnecting.ts';

export type LoggedMessage = Envelope & { readonly position: Position };
export type Gap = z.infer<typeof GapSchema>;

export interface LogPage {
  /** Pieces of the log that are gone, which lie before the messages. */
  readonly gaps: readonly Gap[];
  /** In the order of the log. */
  readonly messages: readonly LoggedMessage[];
  /** How far the log has been read. */
  readonly position: Position;
  /** Nothing was behind this page when it was read. */
  readonly caughtUp: boolean;
}

export interface GraceLogOptions {
  /** Makes a connection to Grace; the signal ends the attempt. */
  readonly connect: (signal?: AbortSignal) => Promise<ToolClient>;
  /** Channels, prefixes with a trailing `*`, or `mad.#`. */
  readonly patterns: readonly string[];
  /** A position to go on behind, a time (ISO 8601), all that the log has, or what comes from now on. */
  readonly from: { readonly after: Position } | { readonly since: string } | 'start' | 'now';
  readonly signal: AbortSignal;
  /** How long a lost connection is tried again, in milliseconds. */
  readonly giveUpMs: number;
  readonly retryMs?: number;
  /** Told of a lost connection. */
  readonly note: (words: string) => void;
}

/** Messages of one page, at most; Grace gives fewer where they are large. */
const PAGE = 1000;
/** How long one question waits for the next message, in milliseconds. */
const WAIT_MS = 20_000;
/** What a question may take beyond that, in milliseconds. */
const REPLY_MS = 15_000;
/** So often in a row Grace may say that it does not know us. */
const MAX_UNKNOWN = 5;
/** How long the goodbye may take to connect, and to be answered, in milliseconds. */
const GOODBYE_MS = 1_000;

/**
 * The log as Grace shows it to the caller, page by page, without an end. The position of each page
 * carries it over lost connections and restarts: nothing is lost and nothing comes twice.
 *
 * @throws MadError where Grace refuses or stays away; UsageError where another MAD is in her place;
 *   the signal's reason
 */
export async function* readGraceLog(options: GraceLogOptions): AsyncGenerator<LogPage, never> {
  const clientId = `mad-cli-${randomUUID()}`;
  let subscribedAt: Position | undefined;

  // Each time, since a Grace on a memory bus that restarted knows the client no longer.
  const connect = async (): Promise<ToolClient> => {
    const client = await options.connect(options.signal);
    try {
      const topics = { client_id: clientId, topics: options.patterns };
      const reply = await client.callOrThrow('grace_subscribe', topics, {
        timeoutMs: REPLY_MS,
        signal: options.signal,
      });
      subscribedAt ??= SubscribeOutput.parse(reply).position;
      return client;
    } catch (error) {
      const refusal = isUnknownTool(error) ? notGrace(client, options.signal) : Promise.resolve(error);
      throw await refusal.finally(() => client.close());
    }
  };
  const first = await connect();
  const connection = createReconnecting({
    ...options,
    first,
    connect,
    timeoutMs: WAIT_MS + REPLY_MS,
    alsoRetry: ['bus_unavailable'],
  });
  try {
    let place = beginning(options.from, subscribedAt);
    let unknown = 0;
    for (let waitMs = 0; ; ) {
      const reply = PollMessagesOutput.parse(
        await connection.call('grace_poll_messages', {
          client_id: clientId,
          limit: PAGE,
          wait_ms: waitMs,
          ...place,
        }),
      );
      // A client that Grace has forgotten meanwhile is answered without a look at the log.
      if (reply.caught_up === undefined || reply.position === undefined) {
        unknown += 1;
        if (unknown === MAX_UNKNOWN) throw forgotten();
        await connection.close();
        continue;
      }
      unknown = 0;
      const { position, caught_up: caughtUp } = reply;
      place = { after: position };
      waitMs = caughtUp ? WAIT_MS : 0;
      // What the log has kept is whole, however much came before it.
      const gaps = (reply.gaps ?? []).filter((gap) => options.from !== 'start' || gap.from !== null);
      yield { gaps, messages: reply.messages as LoggedMessage[], position, caughtUp };
    }
  } finally {
    await connection.close();
    await forget(options.connect, clientId);
  }
}

function beginning(
  from: GraceLogOptions['from'],
  subscribedAt: Position | undefined,
): { after: Position } | { since: string } {
  if (from === 'start') return { since: new Date(0).toISOString() };
  if (from !== 'now') return from;
  if (subscribedAt !== undefined) return { after: subscribedAt };
  throw new MadError('bus_unavailable', 'Grace has not seen the bus yet. Try again.');
}

const forgotten = (): MadError =>
  new MadError(
    'not_found',
    'Grace does not know this reader, though it subscribed: it holds too many clients (GRACE_MAX_CLIENTS), or is of an earlier version than this command.',
  );

/** The first implementation gave no codes. */
const isUnknownTool = (error: unknown): boolean =>
  error instanceof MadError && (error.code === 'unknown_tool' || error.message.startsWith('Unknown tool:'));

/** Says who is there in Grace's place. */
async function notGrace(client: ToolClient, signal: AbortSignal): Promise<UsageError> {
  const reply = await client.call('mad_get_status', {}, { timeoutMs: REPLY_MS, signal });
  const status = MadStatusOutput.safeParse(reply);
  const who = status.success ? nameOf(status.data.mad_id) : 'another MAD';
  return new UsageError(
    `${client.url} is ${who}, and the bus is shown by Grace: give Grace's address with --url or GRACE_URL.`,
  );
}

/** Grace forgets idle clients by itself; this only saves it the wait. */
async function forget(connect: GraceLogOptions['connect'], clientId: string): Promise<void> {
  // On a connection of its own: a question that still waits would hold up the answer.
  const client = await connect(AbortSignal.timeout(GOODBYE_MS)).catch(() => null);
  await client
    ?.call('grace_unsubscribe', { client_id: clientId }, { timeoutMs: GOODBYE_MS })
    .catch(() => undefined);
  await client?.close();
}
