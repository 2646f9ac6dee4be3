import { setTimeout as delay } from 'node:timers/promises';
import { createBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { createEnvelope, silentLogger } from '@mad-group/protocol';

export interface SteadyPublisher {
  /** What the bus has acknowledged: the position of each message id. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** Publishes one message and gives its id, once it is acknowledged. */
  say(): Promise<string>;
  /** Ends when everything that was begun is acknowledged. */
  stop(): Promise<void>;
}

/** Publishes at a steady rate across every outage: nothing is given up. */
export async function startSteadyPublisher(
  redisUrl: string,
  { perSecond, sender = 'steady' }: { perSecond: number; sender?: string },
): Promise<SteadyPublisher> {
  const bus = createBus({ url: redisUrl, limits: DEFAULT_LOG_LIMITS }, { log: silentLogger });
  await bus.start();
  const acknowledged = new Map<string, string>();
  const underWay = new Set<Promise<string>>();
  let stopped = false;

  const say = async (): Promise<string> => {
    const envelope = createEnvelope({ channel: 'mad.topic.steady', senderId: sender, payload: {} });
    acknowledged.set(envelope.message_id, await bus.publish(envelope, { timeoutMs: 600_000 }));
    return envelope.message_id;
  };
  const begin = (): Promise<string> => {
    const saying = say();
    underWay.add(saying);
    return saying.finally(() => underWay.delete(saying));
  };
  const going = (async () => {
    const beganMs = performance.now();
    for (let sent = 0; !stopped; ) {
      const due = ((performance.now() - beganMs) / 1_000) * perSecond;
      for (; sent < due; sent += 1) void begin();
      await delay(10);
    }
  })();
  return {
    acknowledged,
    say: begin,
    async stop() {
      stopped = true;
      await going;
      await Promise.all(underWay);
      await bus.stop();
    },
  };
}
