import {
  type Clock,
  type Envelope,
  type Logger,
  type Position,
  silentLogger,
  systemClock,
} from '@mad-group/protocol';
import type { Bus, LogBatch, LogPlace, PlaceSought, PublishOptions, ReadOptions } from './bus.ts';
import { BusState } from './bus-state.ts';
import { busStopped } from './bus-stopped.ts';
import { DEFAULT_LOG_LIMITS, type LogLimits } from './log-limits.ts';
import { createMemoryKv } from './memory-kv.ts';
import { MemoryLog } from './memory-log.ts';
import { MemoryReader } from './memory-reader.ts';
import { createPatternFilter } from './pattern-filter.ts';
import { DEFAULT_IDLE_MS, DEFAULT_MAX_BATCH, LOOK_BACK_ENTRIES } from './read-defaults.ts';
import { serializeEnvelope } from './serialize-envelope.ts';
import { WakeUp } from './wake-up.ts';

export interface MemoryBusOptions extends Partial<LogLimits> {
  readonly clock?: Clock;
  readonly log?: Logger;
}

/**
 * A bus inside one process: the embedded default, and for tests. Each instance is an epoch of its
 * own and is gone with the process. A message is kept as JSON text, so that every reader gets its
 * own copy and sees exactly what it would see through Redis.
 */
export function createMemoryBus(options: MemoryBusOptions = {}): Bus {
  const clock = options.clock ?? systemClock;
  const logger = options.log ?? silentLogger;
  const log = new MemoryLog(clock, { ...DEFAULT_LOG_LIMITS, ...limitsOf(options) });
  const state = new BusState(clock);
  const part = state.part('not started');
  const appended = new WakeUp();
  const stopped = new AbortController();

  function publish(envelope: Envelope, { retry = false }: PublishOptions): Position {
    const json = serializeEnvelope(envelope);
    if (stopped.signal.aborted) throw busStopped();
    const { channel, message_id: messageId } = envelope;
    const known = retry ? log.find(messageId, LOOK_BACK_ENTRIES) : undefined;
    if (known !== undefined) return known;
    const position = log.append({ channel, messageId, json });
    appended.wake();
    return position;
  }

  async function* read(options: ReadOptions): AsyncGenerator<LogBatch> {
    const { maxBatch = DEFAULT_MAX_BATCH, idleMs = DEFAULT_IDLE_MS } = options;
    const signal = AbortSignal.any([options.signal, stopped.signal]);
    const filter = createPatternFilter(options.patterns);
    const reader = new MemoryReader(log, options.from);
    while (!signal.aborted) {
      if (reader.caughtUp) await appended.wait(idleMs, signal);
      if (signal.aborted) return;
      yield reader.next(filter(), maxBatch);
    }
  }

  function findPlace(sought: PlaceSought): LogPlace {
    log.trim();
    const before =
      'newest' in sought ? Math.max(0, log.lastNumber - sought.newest) : log.numberBefore(sought.sinceMs);
    const start = log.firstNumber - 1;
    const position = log.positionBehind(Math.max(before, start));
    return { position, trimmedTo: before < start ? log.firstPosition : null };
  }

  return {
    kind: 'memory',
    kv: createMemoryKv(clock),
    async start() {
      if (!stopped.signal.aborted) part.here();
    },
    async stop() {
      if (stopped.signal.aborted) return;
      stopped.abort();
      part.away('stopped');
      logger.debug({}, 'memory bus stopped');
    },
    publish: async (envelope, options = {}) => publish(envelope, options),
    read,
    async readOnce({ from, patterns, maxBatch = DEFAULT_MAX_BATCH }) {
      return new MemoryReader(log, from).next(createPatternFilter(patterns)(), maxBatch);
    },
    findPlace: async (sought) => findPlace(sought),
    // No client from outside reaches into this process, so there is nothing to take up.
    adoptForeign: (signal) => aborted(AbortSignal.any([signal, stopped.signal])),
    head: () => log.lastPosition,
    status: () => state.current,
    onStatus: (listener) => state.subscribe(listener),
  };
}

function limitsOf({ maxAgeMs, maxLength, maxBytes }: MemoryBusOptions): Partial<LogLimits> {
  return {
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
    ...(maxLength === undefined ? {} : { maxLength }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
