// Reads through our bus.
import { type Bus, createBus, DEFAULT_LOG_LIMITS, type LogBatch } from '@mad-group/bus';
import { silentLogger } from '@mad-group/protocol';
import { sharedNowMs } from '../kit/monotonic.ts';
import { serveDuties } from '../kit/worker.ts';

interface Follow {
  readonly count: number;
  readonly from?: 'start' | 'end';
  readonly channel?: string;
}

let bus: Bus;
let following: Promise<{ endedMs: number; delaysMs: number[] }>;

serveDuties({
  async connect({ url }: { url: string }) {
    bus = createBus({ url, limits: DEFAULT_LOG_LIMITS }, { log: silentLogger });
    await bus.start();
  },

  /**
   * Resolves when it reads: from here on all that comes is seen. `result` has the time when so many
   * had come, and how long those that say when they were sent were under way.
   */
  async follow({ count, from = 'end', channel = 'mad.topic.bench' }: Follow) {
    const reading = Promise.withResolvers<void>();
    const { signal } = new AbortController();
    const delaysMs: number[] = [];
    let seen = 0;
    const take = ({ items }: LogBatch): void => {
      for (const item of items) {
        if (item.kind === 'gap') throw new Error(`a gap: ${JSON.stringify(item)}`);
        const { sentMs } = item.envelope.payload;
        if (sentMs !== undefined) delaysMs.push(sharedNowMs() - Number(sentMs));
        seen += 1;
      }
    };
    following = (async () => {
      for await (const batch of bus.read({ from, patterns: () => [channel], signal })) {
        reading.resolve();
        take(batch);
        if (seen >= count) break;
      }
      return { endedMs: sharedNowMs(), delaysMs };
    })();
    await Promise.race([reading.promise, following]);
  },
  result: () => following,
});
