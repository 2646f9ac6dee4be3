export interface QueueOptions {
  /**
   * One pass over a key. A number asks for another one after so many milliseconds; an error for one
   * after a backoff.
   */
  readonly work: (key: string) => Promise<number | null>;
  readonly onError: (key: string, error: unknown, againInMs: number) => void;
  /** Keys that are worked on at once. */
  readonly workers: number;
  /** Between 0 and 1; for tests. */
  readonly random?: () => number;
}

/** Passes over keys: one at a time for a key, those of different keys side by side. */
export interface Queue {
  add(key: string): void;
  /** Keys that wait or are worked on. */
  readonly depth: number;
  /** Resolves when no pass runs any more. */
  stop(): Promise<void>;
}

/** Pause after an error, doubled each time, of which half is left to chance. In milliseconds. */
const BACKOFF_MS = { first: 500, longest: 60_000 };

interface Entry {
  state: 'waiting' | 'working' | 'again' | 'idle';
  errors: number;
  timer?: NodeJS.Timeout | undefined;
}

export function createQueue(options: QueueOptions): Queue {
  const { work, onError, workers, random = Math.random } = options;
  const entries = new Map<string, Entry>();
  const waiting: string[] = [];
  const running = new Set<Promise<void>>();
  let stopped = false;

  function add(key: string): void {
    if (stopped) return;
    const entry = entries.get(key) ?? { state: 'idle', errors: 0 };
    entries.set(key, entry);
    clearTimeout(entry.timer);
    if (entry.state === 'working') entry.state = 'again';
    if (entry.state !== 'idle') return;
    entry.state = 'waiting';
    waiting.push(key);
    next();
  }

  function next(): void {
    while (running.size < workers && waiting.length > 0 && !stopped) {
      const key = waiting.shift() as string;
      const pass = runPass(key, entries.get(key) as Entry).finally(() => {
        running.delete(pass);
        next();
      });
      running.add(pass);
    }
  }

  async function runPass(key: string, entry: Entry): Promise<void> {
    entry.state = 'working';
    let againInMs: number | null;
    try {
      againInMs = await work(key);
      entry.errors = 0;
    } catch (error) {
      const fullMs = Math.min(BACKOFF_MS.longest, BACKOFF_MS.first * 2 ** entry.errors);
      entry.errors += 1;
      againInMs = fullMs * (0.5 + random() / 2);
      onError(key, error, againInMs);
    }
    // It has changed in the meantime: what was just seen is old. After an error the backoff holds.
    const changed = (entry.state as Entry['state']) === 'again' && entry.errors === 0;
    entry.state = 'idle';
    if (stopped) return;
    if (changed) add(key);
    else if (againInMs === null) entries.delete(key);
    else entry.timer = setTimeout(() => add(key), againInMs);
  }

  return {
    add,
    get depth() {
      return waiting.length + running.size;
    },
    async stop() {
      stopped = true;
      for (const { timer } of entries.values()) clearTimeout(timer);
      await Promise.all(running);
    },
  };
}
