import { readMetrics, sumOf } from './metrics.ts';

export interface MemoryWatch {
  /** Highest resident memory since the last call, in bytes. */
  peak(): number;
  stop(): Promise<void>;
}

/** Follows the resident memory of a process through its metrics. */
export function watchMemory(metricsUrl: string): MemoryWatch {
  let peak = 0;
  let asking: Promise<void> | null = null;
  const look = async (): Promise<void> => {
    const bytes = sumOf(await readMetrics(metricsUrl), 'process_resident_memory_bytes');
    peak = Math.max(peak, bytes);
  };
  const timer = setInterval(() => {
    asking ??= look().finally(() => {
      asking = null;
    });
  }, 250);
  return {
    peak() {
      const value = peak;
      peak = 0;
      return value;
    },
    async stop() {
      clearInterval(timer);
      await asking;
    },
  };
}
