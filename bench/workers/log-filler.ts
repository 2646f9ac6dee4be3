// Fills a log as the bus itself would have it, at once: what a reader has to catch up on.
import { createBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { silentLogger } from '@mad-group/protocol';
import { sampleMessages } from '../kit/sample-message.ts';
import { serveDuties } from '../kit/worker.ts';

serveDuties({
  async fill({ url, count, maxBytes }: { url: string; count: number; maxBytes?: number }) {
    const limits = { ...DEFAULT_LOG_LIMITS, maxBytes: maxBytes ?? 4 * DEFAULT_LOG_LIMITS.maxBytes };
    const bus = createBus({ url, limits }, { log: silentLogger });
    await bus.start();
    const messages = sampleMessages(1_000);
    for (let sent = 0; sent < count; ) {
      const batch = messages.slice(0, Math.min(messages.length, count - sent));
      await Promise.all(batch.map((message) => bus.publish(message, { timeoutMs: 60_000 })));
      sent += batch.length;
    }
    await bus.stop();
  },
});
