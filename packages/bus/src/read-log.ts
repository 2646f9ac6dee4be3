import { randomUUID } from 'node:crypto';
import type { Logger } from '@mad-group/protocol';
import type { LogBatch, LogItem, ReadOptions } from './bus.ts';
import type { BusPart } from './bus-state.ts';
import { LogCursor, type LogHead, type RawEntry } from './log-cursor.ts';
import type { LoopbackEar } from './loopback.ts';
import { LoopbackListener } from './loopback-listener.ts';
import { createPatternFilter } from './pattern-filter.ts';
import { DEFAULT_IDLE_MS, DEFAULT_MAX_BATCH } from './read-defaults.ts';
import type { RedisConnection, ScriptedRedis } from './redis-connection.ts';
import { describeRedisError, isReply } from './redis-errors.ts';
import type { RedisKeys } from './redis-keys.ts';
import { WakeUp } from './wake-up.ts';

/**
 * Longest block of one XREAD, in milliseconds. After each, the log's ends are looked at: a log that
 * has begun anew may have its entries at places before the reader's, which no XREAD ever returns.
 */
const MAX_BLOCK_MS = 1_000;
/** Pause after Redis refused, as it does while loading, in milliseconds. */
const REFUSED_PAUSE_MS = 500;
/**
 * Pause after a lost connection, in milliseconds. A socket that has ended refuses commands at once
 * while it still counts as ready: without a pause the loop would never let its end be heard.
 */
const LOST_PAUSE_MS = 10;

export interface LogReaderDeps {
  readonly keys: RedisKeys;
  readonly log: Logger;
  readonly loopback: LoopbackEar;
  /** What of the bus's status is this reader's. */
  readonly part: BusPart;
  /** A connection of the reader's own, since a blocked one serves nobody else. */
  readonly connect: () => RedisConnection;
}

/** The log from a position on, across lost connections and restarts, until the signal aborts. */
export async function* readLog(deps: LogReaderDeps, options: ReadOptions): AsyncGenerator<LogBatch> {
  const { signal, maxBatch = DEFAULT_MAX_BATCH, idleMs = DEFAULT_IDLE_MS } = options;
  if (signal.aborted) return;
  const { keys, log } = deps;
  const filter = createPatternFilter(options.patterns);
  const connection = deps.connect();
  const close = (): Promise<void> => {
    deps.part.end();
    return connection.close();
  };
  signal.addEventListener('abort', close);
  const pause = new WakeUp();
  let cursor: LogCursor | undefined;
  /** The log's ends have been looked at since the connection came up or the log fell silent. */
  let checked = false;
  connection.listen({
    lost: () => {
      checked = false;
    },
  });
  const own = new LoopbackListener(deps.loopback, connection, deps.part);

  /** What comes within `blockMs`; undefined where nothing does. */
  async function next(blockMs: number): Promise<LogBatch | undefined> {
    const { redis } = connection;
    if (!checked || cursor === undefined) {
      const head = await readHead(redis, keys);
      cursor ??= LogCursor.from(options.from, head);
      const gap = cursor.check(head);
      checked = true;
      if (gap) return { items: [gap], position: cursor.position, caughtUp: false };
    }
    own.ask();
    const { entries, heard } = await awaitEntries(redis, [keys.log, own.key], {
      places: [cursor.place, own.place],
      count: maxBatch,
      blockMs,
    });
    own.answer(heard);
    if (entries.length === 0) {
      checked = false;
      return undefined;
    }
    return take(cursor, entries);
  }

  /** The entries as a batch. Where that fails, they are read again. */
  async function take(at: LogCursor, entries: readonly RawEntry[]): Promise<LogBatch | undefined> {
    const items: LogItem[] = [];
    const ahead = at.copy();
    try {
      checked = ahead.take(entries, filter(), items, log);
    } catch (error) {
      log.error({ err: error, position: at.position }, 'Entries of the log cannot be read, trying again');
      await pause.wait(REFUSED_PAUSE_MS, signal);
      return undefined;
    }
    cursor = ahead;
    return { items, position: ahead.position, caughtUp: checked && entries.length < maxBatch };
  }

  try {
    connection.start();
    let dueMs = performance.now() + idleMs;
    while (!signal.aborted) {
      const leftMs = Math.max(1, dueMs - performance.now());
      let batch: LogBatch | undefined;
      /** Redis was asked and had nothing. */
      let silent = false;
      try {
        silent = await connection.waitUntilReady(leftMs, signal);
        if (silent) batch = await next(Math.min(leftMs, MAX_BLOCK_MS));
      } catch (error) {
        if (signal.aborted) return;
        silent = false;
        if (isReply(error)) {
          log.warn({ reason: describeRedisError(error) }, 'Redis refuses to read the log, trying again');
        }
        await pause.wait(isReply(error) ? REFUSED_PAUSE_MS : LOST_PAUSE_MS, signal);
      }
      if (signal.aborted) return;
      if (batch === undefined) {
        if (performance.now() < dueMs) continue;
        if (cursor === undefined) {
          // Nothing to tell yet, and nothing that is due: without this it would not wait any more.
          dueMs = performance.now() + idleMs;
          continue;
        }
        batch = { items: [], position: cursor.position, caughtUp: silent };
      }
      yield batch;
      dueMs = performance.now() + idleMs;
    }
  } finally {
    signal.removeEventListener('abort', close);
    await close();
  }
}

/** One batch, of what is there now. */
export async function readLogOnce(
  redis: ScriptedRedis,
  { keys, log }: Pick<LogReaderDeps, 'keys' | 'log'>,
  { from, patterns, maxBatch = DEFAULT_MAX_BATCH }: Omit<ReadOptions, 'signal' | 'idleMs'>,
): Promise<LogBatch> {
  const matches = createPatternFilter(patterns)();
  const items: LogItem[] = [];
  let cursor: LogCursor | undefined;
  for (;;) {
    const head = await readHead(redis, keys);
    cursor ??= LogCursor.from(from, head);
    const gap = cursor.check(head);
    if (gap) items.push(gap);
    const entries = await readEntries(redis, keys, cursor.place, maxBatch);
    // False: the log began anew between the two calls.
    if (!cursor.take(entries, matches, items, log)) continue;
    return { items, position: cursor.position, caughtUp: entries.length < maxBatch };
  }
}

export async function readHead(redis: ScriptedRedis, { log, head }: RedisKeys): Promise<LogHead> {
  const [epoch, oldest, last] = await redis.logHead(log, head, randomUUID());
  return { epoch, oldest: oldest === '' ? undefined : oldest, last };
}

async function readEntries(
  redis: ScriptedRedis,
  { log }: RedisKeys,
  place: string,
  count: number,
): Promise<readonly RawEntry[]> {
  const streams = await redis.xread('COUNT', count, 'STREAMS', log, place);
  return (streams?.[0]?.[1] ?? []) as RawEntry[];
}

/** Entries of the log, and the place of the newest word of the process's own. */
async function awaitEntries(
  redis: ScriptedRedis,
  [log, own]: readonly [log: string, own: string],
  { places, count, blockMs }: { places: readonly [string, string]; count: number; blockMs: number },
): Promise<{ entries: readonly RawEntry[]; heard: string | undefined }> {
  // A block of 0 would last for ever.
  const block = Math.max(1, Math.ceil(blockMs));
  const streams = await redis.xread('COUNT', count, 'BLOCK', block, 'STREAMS', log, own, ...places);
  let entries: readonly RawEntry[] = [];
  let heard: string | undefined;
  for (const [key, found] of (streams ?? []) as [string, RawEntry[]][]) {
    if (key === log) entries = found;
    else heard = found.at(-1)?.[0];
  }
  return { entries, heard };
}
