// Reads the streams of tasks from the bus and notes how evenly their tokens come.
import { createBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { silentLogger } from '@mad-group/protocol';
import { sharedNowMs } from '../kit/monotonic.ts';
import { serveDuties } from '../kit/worker.ts';

export interface Watched {
  /** Between two tokens of one stream, as they came here, in milliseconds. */
  readonly gapsMs: Float64Array;
  /** From the model to here, in milliseconds. */
  readonly delaysMs: Float64Array;
}

let watching: Promise<Watched>;

serveDuties({
  /** Resolves when it reads; the result comes with `result` once so many tasks have ended. */
  async watch({ url, tasks }: { url: string; tasks: number }) {
    const bus = createBus({ url, limits: DEFAULT_LOG_LIMITS }, { log: silentLogger });
    await bus.start();
    const stop = new AbortController();
    const reading = Promise.withResolvers<void>();
    const options = { from: 'end', patterns: () => ['mad.stream.*'] } as const;
    watching = (async () => {
      const lastMs = new Map<string, number>();
      const gapsMs: number[] = [];
      const delaysMs: number[] = [];
      let ended = 0;
      for await (const { items } of bus.read({ ...options, signal: stop.signal })) {
        reading.resolve();
        const nowMs = sharedNowMs();
        for (const item of items) {
          if (item.kind === 'gap') throw new Error('the log was trimmed before it was read');
          const { channel, payload } = item.envelope;
          if (payload.status === 'FAILED') throw new Error(`a task failed: ${JSON.stringify(payload)}`);
          if (payload.status === 'COMPLETED') ended += 1;
          if (payload.type !== 'token') continue;
          // The oldest of the tokens that this event holds.
          const sentMs = Number(String(payload.token).trimStart().split(' ', 1)[0]?.split(':').at(-1));
          delaysMs.push(nowMs - sentMs);
          const last = lastMs.get(channel);
          if (last !== undefined) gapsMs.push(nowMs - last);
          lastMs.set(channel, nowMs);
        }
        if (ended === tasks) break;
      }
      return { gapsMs: Float64Array.from(gapsMs), delaysMs: Float64Array.from(delaysMs) };
    })();
    await Promise.race([reading.promise, watching]);
  },
  result: () => watching,
});
