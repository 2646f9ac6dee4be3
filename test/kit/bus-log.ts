import { createBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { type Envelope, silentLogger } from '@mad-group/protocol';

/** Everything in the group's log, oldest first. */
export async function readBusLog(redisUrl: string): Promise<Envelope[]> {
  const bus = createBus({ url: redisUrl, limits: DEFAULT_LOG_LIMITS }, { log: silentLogger });
  await bus.start();
  const envelopes: Envelope[] = [];
  try {
    const { signal } = new AbortController();
    for await (const batch of bus.read({
      from: 'start',
      patterns: () => ['mad.#'],
      signal,
      maxBatch: 5_000,
    })) {
      for (const item of batch.items) {
        if (item.kind === 'gap') throw new Error(`the log has lost its beginning: ${JSON.stringify(item)}`);
        envelopes.push(item.envelope);
      }
      if (batch.caughtUp) return envelopes;
    }
    return envelopes;
  } finally {
    await bus.stop();
  }
}
