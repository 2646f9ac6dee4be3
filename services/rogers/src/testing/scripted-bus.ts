import type { Bus, LogBatch, LogItem } from '@mad-group/bus';
import { createEnvelope, formatPosition, HEARTBEAT_CHANNEL, type Position } from '@mad-group/protocol';

export const T0 = Date.UTC(2025, 0, 1, 8, 0, 0);

/** Position of the log entry so many milliseconds after T0. */
export const at = (ms: number, epoch = 'e1'): Position => formatPosition({ epoch, place: `${T0 + ms}-1` });

export function said(
  ms: number,
  senderId: string,
  { channel = 'mad.topic.x', foreign = false, payload = {} as Record<string, unknown>, epoch = 'e1' } = {},
): LogItem {
  const envelope = createEnvelope({ senderId, channel, payload });
  return { kind: 'message', foreign, envelope: { ...envelope, position: at(ms, epoch) } };
}

export function beat(ms: number, madId: string, { instanceId = 'i1', health = 'HEALTHY' } = {}): LogItem {
  const payload = {
    type: 'heartbeat',
    mad_id: madId,
    instance_id: instanceId,
    version: '1',
    health,
    uptime_s: 1,
  };
  return said(ms, madId, { channel: HEARTBEAT_CHANNEL, payload });
}

type ReadBus = Pick<Bus, 'kind' | 'read' | 'adoptForeign' | 'status'>;

export interface ScriptedBus extends ReadBus {
  connected: boolean;
  /** Where each reader began. */
  readonly readFrom: (Position | 'start' | 'end')[];
  /** Hands a batch to the reader; resolves when it is done with it or failed on it. */
  give(items: readonly LogItem[], options?: { caughtUp?: boolean }): Promise<void>;
}

/** A bus whose batches a test hands out one by one. */
export function createScriptedBus(): ScriptedBus {
  const readFrom: ScriptedBus['readFrom'] = [];
  let waiting: PromiseWithResolvers<{ batch: LogBatch; done: () => void } | null> | undefined;
  let ready = Promise.withResolvers<void>();
  let position: Position = at(0);

  return {
    kind: 'redis',
    connected: true,
    readFrom,
    status() {
      return { connected: this.connected, sinceMs: T0 };
    },
    adoptForeign: (signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
    async *read({ from, signal }) {
      readFrom.push(from);
      const end = (): void => waiting?.resolve(null);
      signal.addEventListener('abort', end, { once: true });
      while (!signal.aborted) {
        waiting = Promise.withResolvers();
        ready.resolve();
        const next = await waiting.promise;
        if (next === null) return;
        try {
          yield next.batch;
        } finally {
          next.done();
        }
      }
    },
    async give(items, { caughtUp = true } = {}) {
      await ready.promise;
      ready = Promise.withResolvers();
      const last = items.at(-1);
      if (last) position = last.kind === 'gap' ? last.to : last.envelope.position;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting?.resolve({ batch: { items, position, caughtUp }, done: resolve });
      await promise;
    },
  };
}
