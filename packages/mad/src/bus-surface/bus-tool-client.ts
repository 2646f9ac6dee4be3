import type { Bus } from '@mad-group/bus';
import {
  type Caller,
  createEnvelope,
  directChannel,
  type Logger,
  MadError,
  throwErrorReply,
} from '@mad-group/protocol';
import { createMessageReader } from './read-messages.ts';

export interface BusCallOptions {
  /** Longest wait for the reply, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly conversationId?: string;
  readonly correlationId?: string;
  /** On whose behalf; the MAD's own where absent. */
  readonly caller?: Caller;
}

export interface BusToolClient {
  start(): Promise<void>;
  /** Ends; calls under way fail with `draining`. */
  stop(): Promise<void>;
  /**
   * Calls another MAD's tool over the bus and resolves with its reply.
   *
   * @throws MadError with the other MAD's code and words, `timeout` where no reply came in time, or
   *   `bus_unavailable`
   */
  call(
    madId: string,
    tool: string,
    input: Record<string, unknown>,
    options?: BusCallOptions,
  ): Promise<Record<string, unknown>>;
}

interface Waiting {
  resolve(payload: Record<string, unknown>): void;
  reject(error: Error): void;
}

/** Calls from MAD to MAD: asks on `mad.direct.{madId}`, reads the reply on its own `mad.direct.{id}`. */
export function createBusToolClient(options: {
  readonly bus: Bus;
  readonly id: string;
  readonly log: Logger;
}): BusToolClient {
  const { bus, id } = options;
  const waiting = new Map<string, Waiting>();
  const reader = createMessageReader({
    bus,
    channel: directChannel(id),
    log: options.log,
    onMessage({ payload, headers }) {
      const asked = headers?.in_reply_to;
      if (asked !== undefined) waiting.get(asked)?.resolve(payload);
    },
  });

  return {
    start: () => reader.start(),
    async stop() {
      for (const { reject } of waiting.values()) {
        reject(new MadError('draining', 'This instance is stopping.'));
      }
      await reader.stop();
    },
    async call(madId, tool, input, callOptions = {}) {
      const { timeoutMs = 30_000, signal, caller, conversationId, correlationId } = callOptions;
      signal?.throwIfAborted();
      const request = createEnvelope({
        channel: directChannel(madId),
        senderId: id,
        recipientId: madId,
        payload: { tool_name: tool, tool_input: input },
        conversationId,
        correlationId,
        // Its prompt is nobody else's to read, as its reply is not.
        headers: caller && {
          caller: caller.name,
          scopes: [...caller.scopes].join(' '),
          owner: caller.name,
        },
      });
      const reply = Promise.withResolvers<Record<string, unknown>>();
      const timer = setTimeout(
        () =>
          reply.reject(new MadError('timeout', `${madId} did not answer ${tool} within ${timeoutMs} ms.`)),
        timeoutMs,
      );
      const onAbort = (): void => reply.reject(signal?.reason as Error);
      signal?.addEventListener('abort', onAbort, { once: true });
      waiting.set(request.message_id, reply);
      try {
        // Whichever fails first: a bus that is away throws before the reply can be late.
        const [payload] = await Promise.all([reply.promise, bus.publish(request)]);
        return throwErrorReply(payload);
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        waiting.delete(request.message_id);
      }
    },
  };
}
