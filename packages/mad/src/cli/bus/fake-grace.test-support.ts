import { createEnvelope, type EnvelopeDraft, type Position, positionTimeMs } from '@mad-group/protocol';
import { type FoundingServer, startFoundingServer } from '../../client/founding-server.test-support.ts';
import type { Gap, LoggedMessage } from './grace-log.ts';

export interface FakeGrace {
  readonly server: FoundingServer;
  readonly env: Record<string, string>;
  /** Appends a message to the log; `atMs` is its time there. */
  append(draft?: Partial<EnvelopeDraft>, atMs?: number): LoggedMessage;
  /** Tells of this gap with the next page. */
  lose(gap: Gap): void;
  /** Answers so many polls more, and none after them. */
  fallSilentAfter(polls: number): void;
  /** Breaks every connection. */
  breakOff(): void;
  /** Client ids that subscribed and did not unsubscribe. */
  readonly clients: ReadonlySet<string>;
}

/** Messages of one page, at most. */
const PAGE = 3;

/** A Grace for tests: a log in memory, pages of three. `others` answers the tools of other MADs. */
export async function startFakeGrace(
  others: (tool: string, input: Record<string, unknown>) => object = () => ({
    status: 'error',
    message: 'No.',
    code: 'unknown_tool',
  }),
): Promise<FakeGrace> {
  const log: LoggedMessage[] = [];
  const clients = new Set<string>();
  let gaps: Gap[] = [];
  let pollsLeft = Number.POSITIVE_INFINITY;
  let changed = Promise.withResolvers<void>();
  const numberOf = (position: string): number => Number(position.slice(position.lastIndexOf('-') + 1));
  const lastPosition = (): Position => log.at(-1)?.position ?? ('epoch-1:0-0' as Position);

  async function poll(input: Record<string, unknown>): Promise<object> {
    pollsLeft -= 1;
    if (pollsLeft < 0) await new Promise(() => undefined);
    const { after, since, wait_ms: waitMs } = input;
    const behind =
      typeof after === 'string'
        ? numberOf(after)
        : log.findIndex(({ position }) => positionTimeMs(position) >= Date.parse(String(since)));
    const start = behind < 0 ? log.length : behind;
    if (start >= log.length && Number(waitMs) > 0) {
      await Promise.race([changed.promise, new Promise((resolve) => setTimeout(resolve, 50).unref())]);
    }
    const messages = log.slice(start, start + PAGE);
    const told = gaps;
    gaps = [];
    return {
      status: 'success',
      messages,
      dropped: 0,
      position: messages.at(-1)?.position ?? (typeof after === 'string' ? after : lastPosition()),
      caught_up: start + messages.length >= log.length,
      ...(told.length > 0 ? { gaps: told } : {}),
    };
  }

  const server = await startFoundingServer({
    answer: ({ tool_name: tool, tool_input: input }) => {
      const clientId = String(input.client_id);
      if (tool === 'grace_subscribe') {
        clients.add(clientId);
        return { status: 'success', message: 'Subscribed.', position: lastPosition() };
      }
      if (tool === 'grace_unsubscribe') {
        clients.delete(clientId);
        return { status: 'success', message: 'Ended.' };
      }
      return tool === 'grace_poll_messages' ? poll(input) : others(tool, input);
    },
  });
  return {
    server,
    env: { GRACE_URL: server.url, FIEDLER_URL: server.url },
    clients,
    append(draft = {}, atMs = Date.now()) {
      const envelope = createEnvelope({ channel: 'mad.topic.a', senderId: 'grace', payload: {}, ...draft });
      const message = { ...envelope, position: `epoch-1:${atMs}-${log.length + 1}` as Position };
      log.push(message);
      changed.resolve();
      changed = Promise.withResolvers();
      return message;
    },
    fallSilentAfter: (polls) => {
      pollsLeft = polls;
    },
    lose: (gap) => void gaps.push(gap),
    breakOff: () => {
      for (const connection of server.connections) connection.terminate();
    },
  };
}
