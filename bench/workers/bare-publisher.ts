// The limit of publishing: the bare script with messages as JSON, or a bare PUBLISH.
import { BARE_LOG, type BareRedis, connectBare } from '../kit/bare-script.ts';
import { sharedNowMs } from '../kit/monotonic.ts';
import { sampleMessages } from '../kit/sample-message.ts';
import { serveDuties } from '../kit/worker.ts';

const CHANNEL = 'mad.topic.bench';
let redis: BareRedis;

serveDuties({
  async connect({ url }: { url: string }) {
    redis = connectBare(url);
    await redis.ping();
  },

  /** `perCall` messages in one call of the script, `calls` of them under way; the time of the first. */
  async burst({ count, perCall, calls }: { count: number; perCall: number; calls: number }) {
    const messages = sampleMessages(1_000);
    const startedMs = sharedNowMs();
    let sent = 0;
    const chain = async (): Promise<void> => {
      while (sent < count) {
        const call: string[] = [];
        for (let index = 0; index < perCall && sent < count; index += 1) {
          call.push(CHANNEL, JSON.stringify(messages[sent % messages.length]));
          sent += 1;
        }
        await redis.bare(BARE_LOG, ...call);
      }
    };
    await Promise.all(Array.from({ length: calls }, chain));
    return startedMs;
  },

  /** One PUBLISH, or one run of the script, every `pauseMs`, with the time in it. */
  async paced({ count, pauseMs, script = false }: { count: number; pauseMs: number; script?: boolean }) {
    for (let number = 0; number < count; number += 1) {
      const text = String(sharedNowMs());
      await (script ? redis.bare(BARE_LOG, CHANNEL, text) : redis.publish(CHANNEL, text));
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  },
});
