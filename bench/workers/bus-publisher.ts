// Publishes through our bus.
import { type Bus, createBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { createEnvelope, silentLogger } from '@mad-group/protocol';
import { sharedNowMs } from '../kit/monotonic.ts';
import { sampleMessages } from '../kit/sample-message.ts';
import { serveDuties } from '../kit/worker.ts';

let bus: Bus;

serveDuties({
  async connect({ url, maxBytes = DEFAULT_LOG_LIMITS.maxBytes }: { url: string; maxBytes?: number }) {
    bus = createBus({ url, limits: { ...DEFAULT_LOG_LIMITS, maxBytes } }, { log: silentLogger });
    await bus.start();
    await bus.publish(createEnvelope({ channel: 'mad.topic.hello', senderId: 'bench', payload: {} }));
  },

  /** As fast as it goes with so many under way; the time when the first was sent. */
  async burst({ count, window }: { count: number; window: number }): Promise<number> {
    const messages = sampleMessages(1_000);
    let sent = 0;
    const startedMs = sharedNowMs();
    const chain = async (): Promise<void> => {
      while (sent < count) {
        sent += 1;
        await bus.publish(messages[sent % messages.length] as (typeof messages)[number]);
      }
    };
    await Promise.all(Array.from({ length: window }, chain));
    return startedMs;
  },

  /** One every `pauseMs`, with the time in it. */
  async paced({ count, pauseMs }: { count: number; pauseMs: number }) {
    for (let number = 0; number < count; number += 1) {
      const payload = { sentMs: sharedNowMs() };
      await bus.publish(createEnvelope({ channel: 'mad.topic.bench', senderId: 'bench', payload }));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  },
});
