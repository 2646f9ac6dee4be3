import { createBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { silentLogger } from '@mad-group/protocol';
import { emptyRedis, redisCpuMs, startBenchRedis } from '../kit/redis.ts';
import { sampleMessages } from '../kit/sample-message.ts';
import { type Plot, sizesTo } from './curve.ts';

const ENTRIES = 5_000;

/** What an entry costs Redis to publish, to read in the middle of the log and to read at its end, by the log's length. */
export async function logLength(short: boolean, say: (line: string) => void): Promise<Plot> {
  const redis = await startBenchRedis();
  const limits = { ...DEFAULT_LOG_LIMITS, maxLength: 10_000_000, maxBytes: 8 * 1024 ** 3 };
  const bus = createBus({ url: redis.url, limits }, { log: silentLogger });
  const messages = sampleMessages(1_000);
  const places: string[] = [];
  const publish = async (count: number): Promise<void> => {
    for (let sent = 0; sent < count; sent += messages.length) {
      const batch = messages.slice(0, count - sent);
      const all = await Promise.all(batch.map((message) => bus.publish(message, { timeoutMs: 120_000 })));
      places.push(all[0] as string);
    }
  };
  const usEach = async (work: () => Promise<void>, entries: number): Promise<number> => {
    const before = await redisCpuMs(redis);
    await work();
    return (((await redisCpuMs(redis)) - before) * 1000) / entries;
  };
  const read = async (from: Parameters<typeof bus.readOnce>[0]['from'], times: number): Promise<void> => {
    for (let index = 0; index < times; index += 1) {
      await bus.readOnce({ from, patterns: () => ['mad.#'], maxBatch: 100 });
    }
  };
  const curves = { publish: [], middle: [], end: [] } as Record<string, { size: number; cost: number }[]>;
  try {
    await emptyRedis(redis);
    await bus.start();
    let length = 0;
    for (const size of sizesTo(1_000_000, short).filter((each) => each >= 1_000)) {
      await publish(size - length);
      const middle = places[Math.floor(places.length / 2)] as (typeof places)[number];
      const times = ENTRIES / 100;
      const position = middle as Parameters<typeof bus.readOnce>[0]['from'];
      curves.middle?.push({ size, cost: await usEach(() => read(position, times), ENTRIES) });
      curves.end?.push({ size, cost: await usEach(() => read('end', times * 10), times * 10) });
      curves.publish?.push({ size, cost: await usEach(() => publish(ENTRIES), ENTRIES) });
      length = size + ENTRIES;
      say(
        `  log of ${size}: ${JSON.stringify(Object.values(curves).map((all) => all.at(-1)?.cost.toFixed(1)))}`,
      );
    }
  } finally {
    await bus.stop();
    await redis.stop();
  }
  const names = {
    publish: 'publish, an entry',
    middle: 'read in the middle, an entry',
    end: 'look at the end, a call',
  };
  return {
    name: 'log-length',
    title: 'The log: what Redis does for an entry, by the length of the log',
    sizeUnit: 'entries in the log',
    costUnit: 'microseconds of Redis’ processor time',
    curves: Object.entries(names).map(([key, name]) => ({ name, points: curves[key] ?? [] })),
  };
}
