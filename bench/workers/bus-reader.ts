// Reads through our bus.
import { type Bus, createBus, DEFAULT_LOG_LIMITS, type LogItem } from '@mad-group/bus';
import { silentLogger } from '@mad-group/protocol';
import { sharedNowMs } from '../kit/monotonic.ts';
import { serveDuties } from '../kit/worker.ts';

let bus: Bus;
let items: AsyncGenerator<LogItem>;

async function* itemsOf(from: 'start' | 'end', channel: string, begun: () => void): AsyncGenerator<LogItem> {
  const { signal } = new AbortController();
  const batches = bus.read({ from, patterns: () => [channel], signal, idleMs: 10 });
  for await (const batch of batches) {
    begun();
    yield* batch.items;
  }
}

async function each(count: number, take: (item: LogItem & { kind: 'message' }) => void): Promise<void> {
  for (let seen = 0; seen < count; ) {
    const { value } = (await items.next()) as { value: LogItem };
    if (value.kind === 'gap') throw new Error(`a gap: ${JSON.stringify(value)}`);
    take(value);
    seen += 1;
  }
}

serveDuties({
  async connect({ url }: { url: string }) {
    bus = createBus({ url, limits: DEFAULT_LOG_LIMITS }, { log: silentLogger });
    await bus.start();
  },
  /** Resolves with the first batch: from here on all that comes is read. */
  async follow({ from = 'end', channel = 'mad.topic.bench' }: { from?: 'start' | 'end'; channel?: string }) {
    const begun = Promise.withResolvers<void>();
    const generator = itemsOf(from, channel, begun.resolve);
    const first = generator.next();
    items = (async function* () {
      yield (await first).value as LogItem;
      yield* generator;
    })();
    await begun.promise;
  },
  /** The time when so many had come. */
  async count({ count }: { count: number }): Promise<number> {
    await each(count, () => undefined);
    return sharedNowMs();
  },
  /** How long each of so many was under way, in milliseconds. */
  async delays({ count }: { count: number }): Promise<number[]> {
    const delays: number[] = [];
    await each(count, ({ envelope }) => delays.push(sharedNowMs() - Number(envelope.payload.sentMs)));
    return delays;
  },
});
