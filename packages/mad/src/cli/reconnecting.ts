import { type ErrorCode, MadError } from '@mad-group/protocol';
import type { ToolClient, ToolReply } from '../client/tool-client.ts';

/** As much of a connection to a MAD as is called and made anew. */
export type ReconnectingClient = Pick<ToolClient, 'callOrThrow' | 'close'>;

export interface ReconnectingOptions {
  /** A connection that is there already. */
  readonly first?: ReconnectingClient;
  /** Makes a new connection after the one before was lost. */
  readonly connect: () => Promise<ReconnectingClient>;
  /** How long a lost connection is tried again, in milliseconds. Default 60,000. */
  readonly giveUpMs?: number | undefined;
  /** Wait before a new try, in milliseconds. Default 500. */
  readonly retryMs?: number | undefined;
  /** Longest wait for a reply, in milliseconds. */
  readonly timeoutMs: number;
  /** Codes that are tried again beside those of a lost connection. */
  readonly alsoRetry?: readonly ErrorCode[];
  readonly signal: AbortSignal;
  /** Told once in each outage. */
  readonly note: (words: string) => void;
}

export interface Reconnecting {
  /**
   * A call that survives the loss of its connection: for tools that may be called again.
   *
   * @throws MadError where the MAD refuses or stays away; the signal's reason
   */
  call(tool: string, input: object): Promise<ToolReply>;
  close(): Promise<void>;
}

const LOST: readonly ErrorCode[] = ['unreachable', 'timeout', 'draining'];

/** One connection to a MAD, made anew as often as it is lost. */
export function createReconnecting(options: ReconnectingOptions): Reconnecting {
  const { giveUpMs = 60_000, retryMs = 500, timeoutMs, signal } = options;
  const retryable = new Set([...LOST, ...(options.alsoRetry ?? [])]);
  let client: ReconnectingClient | null = options.first ?? null;

  const callOnce = async (tool: string, input: object): Promise<ToolReply> => {
    client ??= await options.connect();
    return client.callOrThrow(tool, input, { timeoutMs, signal });
  };
  return {
    close: async () => client?.close(),
    async call(tool, input) {
      let lostAt: number | null = null;
      for (;;) {
        try {
          return await callOnce(tool, input);
        } catch (error) {
          if (!(error instanceof MadError) || !retryable.has(error.code)) throw error;
          await client?.close();
          client = null;
          if (lostAt === null) {
            lostAt = Date.now();
            options.note(`connection lost, trying again: ${error.message}`);
          }
          if (Date.now() - lostAt >= giveUpMs) throw error;
          await pause(retryMs, signal);
        }
      }
    },
  };
}

/** Rejects with the signal's reason when it aborts. */
function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, durationMs);
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  });
}
