import type { Bus } from '@mad-group/bus';
import {
  createEnvelope,
  HEARTBEAT_CHANNEL,
  HEARTBEAT_INTERVAL_MS,
  type Heartbeat,
  type Logger,
} from '@mad-group/protocol';

export interface HeartbeatOptions {
  readonly bus: Pick<Bus, 'publish' | 'onStatus'>;
  readonly id: string;
  readonly beat: () => Omit<Heartbeat, 'type'>;
  readonly log: Logger;
  readonly intervalMs?: number | undefined;
  /** When to beat a second time: Rogers calls a MAD HEALTHY from its second message on. */
  readonly secondBeatMs?: number | undefined;
}

export interface HeartbeatLoop {
  start(): void;
  /** Ends the loop, with one last beat, the goodbye. */
  stop(): Promise<void>;
}

/** Longest wait for the bus to take a beat; one that is late is of no use, the next comes soon. */
const BEAT_TIMEOUT_MS = 2000;
const GOODBYE_TIMEOUT_MS = 500;

/** Tells Rogers that the MAD lives, and at a stop that it goes. A bus that is away costs nothing. */
export function createHeartbeat(options: HeartbeatOptions): HeartbeatLoop {
  const { bus, id, log } = options;
  const timers = new Set<NodeJS.Timeout>();
  let running = false;
  let stopListening: (() => void) | undefined;

  async function beat(timeoutMs: number): Promise<void> {
    try {
      const payload = { type: 'heartbeat' as const, ...options.beat() };
      const envelope = createEnvelope({ channel: HEARTBEAT_CHANNEL, senderId: id, payload });
      await bus.publish(envelope, { timeoutMs });
    } catch (error) {
      log.debug({ reason: (error as Error).message }, 'Heartbeat not sent');
    }
  }

  return {
    start() {
      if (running) return;
      running = true;
      // Rogers has heard nobody during an outage; nobody waits for the next regular beat to be heard again.
      stopListening = bus.onStatus(({ connected }) => {
        if (connected) void beat(BEAT_TIMEOUT_MS);
      });
      void beat(BEAT_TIMEOUT_MS);
      timers.add(setTimeout(() => void beat(BEAT_TIMEOUT_MS), options.secondBeatMs ?? 1000));
      timers.add(setInterval(() => void beat(BEAT_TIMEOUT_MS), options.intervalMs ?? HEARTBEAT_INTERVAL_MS));
    },
    async stop() {
      if (!running) return;
      running = false;
      stopListening?.();
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      await beat(GOODBYE_TIMEOUT_MS);
    },
  };
}
