import type { ConsoleFrame } from '@mad-group/protocol';
import { ApiError } from './api.ts';

/** How the page is connected to the bus. */
export type Link =
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  /** Tried again at `retryAtMs`, in milliseconds since 1970. */
  | { readonly state: 'lost'; readonly reason: string; readonly retryAtMs: number }
  /** Not tried again by itself. */
  | { readonly state: 'refused'; readonly code: string; readonly reason: string };

/** Whether what is shown is only what was known. */
export const isCutOff = ({ state }: Link): boolean => state === 'lost' || state === 'refused';

export interface FeedOptions {
  readonly open: (path: string, signal: AbortSignal) => AsyncIterable<ConsoleFrame[]>;
  /** Where to begin: with this entry, or with the newest so many. */
  readonly begin: { readonly from: string } | { readonly newest: number };
  readonly onFrames: (frames: readonly ConsoleFrame[]) => void;
  readonly onLink: (link: Link) => void;
  /** Silence after which the connection counts as cut, in milliseconds: Rogers says something each second. */
  readonly silenceMs?: number;
  /** Wait before a new try, in milliseconds; it doubles up to the longest. */
  readonly backoff?: { readonly minMs: number; readonly maxMs: number };
}

export interface Feed {
  start(): void;
  /** Ends the connection; `start` goes on behind the last message that came. */
  stop(): void;
  /** Does not wait for the next try. */
  retryNow(): void;
}

/** Nothing heals these but another token. */
const FINAL = new Set(['unauthenticated', 'forbidden']);

/**
 * One connection to the bus that is taken up again behind the last message that came, whatever broke
 * it: so each message of the log comes once, and in order.
 */
export function createFeed(options: FeedOptions): Feed {
  const { open, onFrames, onLink, silenceMs = 10_000 } = options;
  const { minMs, maxMs } = options.backoff ?? { minMs: 250, maxMs: 10_000 };
  let position: string | null = null;
  let running: AbortController | null = null;
  let wake: () => void = () => undefined;

  function path(): string {
    if (position !== null) return `bus?after=${encodeURIComponent(position)}`;
    const { begin } = options;
    return 'from' in begin ? `bus?from=${encodeURIComponent(begin.from)}` : `bus?newest=${begin.newest}`;
  }

  /** Reads until the connection breaks, which is always an error. */
  async function readOn(stop: AbortSignal, onFirst: () => void): Promise<never> {
    const cut = new AbortController();
    const onStop = (): void => cut.abort(stop.reason);
    stop.addEventListener('abort', onStop);
    const silent = (): void => cut.abort(new ApiError('unreachable', 'Rogers has fallen silent.'));
    let timer = setTimeout(silent, silenceMs);
    try {
      for await (const frames of open(path(), cut.signal)) {
        if (stop.aborted) throw stop.reason;
        clearTimeout(timer);
        timer = setTimeout(silent, silenceMs);
        onFirst();
        for (const frame of frames) position = positionOf(frame) ?? position;
        onFrames(frames);
      }
      throw new ApiError('unreachable', 'The connection has ended.');
    } catch (error) {
      throw cut.signal.aborted ? cut.signal.reason : error;
    } finally {
      clearTimeout(timer);
      stop.removeEventListener('abort', onStop);
      cut.abort();
    }
  }

  async function run(stop: AbortSignal): Promise<void> {
    let waitMs = 0;
    onLink({ state: 'connecting' });
    for (;;) {
      try {
        let isLive = false;
        await readOn(stop, () => {
          if (!isLive) onLink({ state: 'live' });
          isLive = true;
          waitMs = 0;
        });
      } catch (error) {
        if (stop.aborted) return;
        const { code, message, retryAfterMs } = asApiError(error);
        if (FINAL.has(code)) {
          running = null;
          onLink({ state: 'refused', code, reason: message });
          return;
        }
        waitMs = Math.min(Math.max(waitMs * 2, minMs), maxMs);
        // Half of it by chance, so that a room full of consoles does not come back in one rush.
        const pauseMs = Math.max(waitMs * (0.5 + Math.random() / 2), retryAfterMs ?? 0);
        onLink({ state: 'lost', reason: message, retryAtMs: Date.now() + pauseMs });
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, pauseMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        if (stop.aborted) return;
      }
    }
  }

  return {
    start() {
      if (running) return;
      running = new AbortController();
      void run(running.signal);
    },
    stop() {
      running?.abort(new Error('stopped'));
      running = null;
      wake();
    },
    retryNow: () => wake(),
  };
}

/** What has been read once this frame is. A gap is told again where the connection breaks behind it. */
function positionOf(frame: ConsoleFrame): string | null {
  if (frame.type === 'message') return frame.message.position;
  return frame.type === 'withheld' || frame.type === 'position' ? frame.position : null;
}

const asApiError = (error: unknown): ApiError =>
  error instanceof ApiError
    ? error
    : new ApiError('unreachable', `The connection broke: ${error instanceof Error ? error.message : error}.`);
