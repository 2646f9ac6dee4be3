// Asks Fiedler, one prompt after the other, and takes the time until its first token has come over the bus.
import { createBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { connectTools } from '@mad-group/mad';
import { silentLogger } from '@mad-group/protocol';
import { sharedNowMs } from '../kit/monotonic.ts';
import { serveDuties } from '../kit/worker.ts';

serveDuties({
  /** For each: milliseconds until it was accepted, and to the first token beyond what the model took. */
  async ask({ url, redisUrl, count }: { url: string; redisUrl: string; count: number }) {
    const tools = await connectTools(url);
    const bus = createBus({ url: redisUrl, limits: DEFAULT_LOG_LIMITS }, { log: silentLogger });
    await bus.start();
    const { signal } = new AbortController();
    const batches = bus.read({ from: 'end', patterns: () => ['mad.stream.*'], signal });
    await batches[Symbol.asyncIterator]().next();
    let first = Promise.withResolvers<{ atMs: number; token: string }>();
    let ended = Promise.withResolvers<void>();
    void (async () => {
      for await (const { items } of batches) {
        for (const item of items) {
          if (item.kind !== 'message') continue;
          const { token, status } = item.envelope.payload;
          if (String(token).includes(':')) first.resolve({ atMs: sharedNowMs(), token: String(token) });
          if (status === 'COMPLETED') ended.resolve();
        }
      }
    })();
    const acceptedMs: number[] = [];
    const beyondMs: number[] = [];
    for (let asked = 0; asked < count; asked += 1) {
      first = Promise.withResolvers();
      ended = Promise.withResolvers();
      const askedMs = sharedNowMs();
      await tools.callOrThrow('fiedler_converse', { prompt: `question ${asked}`, requester_id: 'bench' });
      acceptedMs.push(sharedNowMs() - askedMs);
      const { atMs, token } = await first.promise;
      const [cameMs, sentMs] = String(token.split(' ', 1)[0]).split(':').map(Number) as [number, number];
      beyondMs.push(atMs - askedMs - (sentMs - cameMs));
      await ended.promise;
    }
    return { acceptedMs, beyondMs };
  },
});
