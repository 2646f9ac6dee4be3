import type { Clock } from '@mad-group/protocol';
import type { KeyValueStore } from './bus.ts';

/** Sweeping out the dead at every so many writes keeps a write cheap and the store bounded. */
const SWEEP_EVERY = 1_000;

/** Values that live as long as the process, at most. */
export function createMemoryKv(clock: Clock): KeyValueStore {
  const values = new Map<string, { value: string; endsMs: number }>();
  let writes = 0;

  const sweep = (): void => {
    const now = clock.now();
    for (const [key, { endsMs }] of values) if (endsMs <= now) values.delete(key);
  };

  return {
    async get(key) {
      const entry = values.get(key);
      return entry && entry.endsMs > clock.now() ? entry.value : null;
    },
    async set(key, value, ttlMs) {
      values.set(key, { value, endsMs: clock.now() + ttlMs });
      writes += 1;
      if (writes % SWEEP_EVERY === 0) sweep();
    },
    async delete(key) {
      values.delete(key);
    },
  };
}
