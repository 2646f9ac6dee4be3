import {
  type Connection as ConnectionView,
  type Position,
  PositionSchema,
  type Stat,
} from '@mad-group/protocol';
import type { Connection as Database } from '@mad-group/tasks';
import type { BatchTally, WatchState } from './batch-tally.ts';
import { firstHour, hourTimestamp } from './hours.ts';
import { NO_PROGRESS } from './log-progress.ts';
import { OTHER_SENDERS } from './migrations.ts';
import type { ConnectionStatus, MadRecord } from './registry.ts';
import { createSenderLabels } from './sender-labels.ts';

/** Messages on one topic pattern since counting began, of one sender or of all others. */
interface MessageTotal {
  /** The sender's id, or {@link OTHER_SENDERS}. */
  readonly label: string;
  readonly topicPattern: string;
  readonly count: number;
}

interface StoredWatch extends WatchState {
  /** Null before the first batch. */
  readonly position: Position | null;
}

/** Which row of the statistics: together these are unique. */
export type StatKey = Pick<Stat, 'hour_timestamp' | 'sender_id' | 'topic_pattern'>;

interface StatsPage {
  /** Rows at most. Default: all. */
  readonly limit?: number;
  /** Only what follows this row. Default: from the newest on. */
  readonly after?: StatKey | undefined;
}

interface NamedTotal {
  readonly name: string;
  readonly total: number;
}

interface StatTotals {
  /** How many rows were summed up. */
  readonly rows: number;
  readonly bySender: NamedTotal[];
  readonly byTopicPattern: NamedTotal[];
  readonly byHour: NamedTotal[];
}

/** What Rogers has counted, and how far it has read. */
export interface TrafficStore {
  load(): StoredWatch;
  /** Stores what a batch adds and its position, all or nothing. */
  commit(tally: BatchTally, position: Position, noticedAt: Date): void;
  connections(): ConnectionView[];
  /** Takes MADs out of the registry. */
  forget(madIds: readonly string[]): void;
  /** The last `hours` hours, the one that `nowMs` falls into included, newest first. */
  stats(nowMs: number, hours: number, page?: StatsPage): Stat[];
  /** The same hours summed up, each list by its largest totals and `limit` long at most. */
  statTotals(nowMs: number, hours: number, limit: number): StatTotals;
  totals(): MessageTotal[];
  /** What the sender is called in metrics: itself, or {@link OTHER_SENDERS}. */
  labelOf(senderId: string): string;
  foreignTotal(): number;
  /** How many gaps there were, by reason. */
  gapTotals(): { readonly reason: string; readonly count: number }[];
  /** Deletes hours that ended before this time, and MADs gone since then. Returns the hours' rows. */
  deleteBefore(timeMs: number): number;
}

/** Sorts before every row of the statistics: no hour is later. */
const BEFORE_ALL: StatKey = { hour_timestamp: '~', sender_id: '', topic_pattern: '' };
/** SQLite's own word for no limit. */
const NO_LIMIT = -1;

interface ConnectionRow extends Omit<ConnectionView, 'status'> {
  readonly status: ConnectionStatus;
  readonly instances: string;
}

interface PositionRow {
  readonly position: string;
  readonly progress_ms: number | null;
  readonly silence_from_ms: number;
}

/** @param database with the tables of `ROGERS_MIGRATIONS` */
export function createTrafficStore(database: Database): TrafficStore {
  const addHourly = database.prepare<[string, string, string, number]>(`
    INSERT INTO hourly_metrics (hour_timestamp, sender_id, topic_pattern, message_count) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET message_count = message_count + excluded.message_count`);
  const addTotal = database.prepare<[string, string, number]>(`
    INSERT INTO message_totals (sender_id, topic_pattern, message_count) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET message_count = message_count + excluded.message_count`);
  const addForeign = database.prepare<[string, number]>(`
    INSERT INTO foreign_totals (sender_id, message_count) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET message_count = message_count + excluded.message_count`);
  const addGap = database.prepare<[string, string, string, string]>(
    'INSERT INTO gaps (reason, from_position, to_position, noticed_at) VALUES (?, ?, ?, ?)',
  );
  const putConnection = database.prepare<[string, string, string, string, string]>(`
    INSERT INTO connections (mad_id, status, connected_at, last_heartbeat, instances) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET status = excluded.status, connected_at = excluded.connected_at,
      last_heartbeat = excluded.last_heartbeat, instances = excluded.instances`);
  const putPosition = database.prepare<[string, number | null, number]>(`
    INSERT INTO bus_position (id, position, progress_ms, silence_from_ms) VALUES (1, ?, ?, ?)
    ON CONFLICT DO UPDATE SET position = excluded.position, progress_ms = excluded.progress_ms,
      silence_from_ms = excluded.silence_from_ms`);
  const readPosition = database.prepare<[], PositionRow>('SELECT * FROM bus_position');
  const readRecords = database.prepare<[], ConnectionRow>('SELECT * FROM connections');
  const readConnections = database.prepare<[], ConnectionView>(
    'SELECT mad_id, status, connected_at, last_heartbeat FROM connections ORDER BY mad_id',
  );
  const readStats = database.prepare<[StatKey & { firstHour: string; limit: number }], Stat>(`
    SELECT hour_timestamp, sender_id, topic_pattern, message_count AS total_messages
    FROM hourly_metrics
    WHERE hour_timestamp >= :firstHour AND hour_timestamp <= :hour_timestamp
      AND (hour_timestamp < :hour_timestamp OR (sender_id, topic_pattern) > (:sender_id, :topic_pattern))
    ORDER BY hour_timestamp DESC, sender_id, topic_pattern LIMIT :limit`);
  const countStats = database.prepare<[string], { rows: number }>(
    'SELECT count(*) AS rows FROM hourly_metrics WHERE hour_timestamp >= ?',
  );
  const totalsBy = (column: keyof StatKey) =>
    database.prepare<[string, number], NamedTotal>(`
      SELECT ${column} AS name, sum(message_count) AS total FROM hourly_metrics WHERE hour_timestamp >= ?
      GROUP BY ${column} ORDER BY total DESC, name LIMIT ?`);
  const totalBySender = totalsBy('sender_id');
  const totalByTopicPattern = totalsBy('topic_pattern');
  const totalByHour = totalsBy('hour_timestamp');
  const readTotals = database.prepare<[], MessageTotal>(`
    SELECT coalesce(l.sender_id, '${OTHER_SENDERS}') AS label, topic_pattern AS topicPattern,
      sum(message_count) AS count
    FROM message_totals t LEFT JOIN labelled_senders l ON l.sender_id = t.sender_id
    GROUP BY 1, 2`);
  const readForeign = database.prepare<[], { total: number }>(
    'SELECT coalesce(sum(message_count), 0) AS total FROM foreign_totals',
  );
  const readGaps = database.prepare<[], { reason: string; count: number }>(
    'SELECT reason, count(*) AS count FROM gaps GROUP BY reason',
  );
  const deleteHours = database.prepare<[string]>('DELETE FROM hourly_metrics WHERE hour_timestamp < ?');
  const deleteGone = database.prepare<[string]>(
    "DELETE FROM connections WHERE status = 'DISCONNECTED' AND last_heartbeat < ?",
  );

  const deleteConnection = database.prepare<[string]>('DELETE FROM connections WHERE mad_id = ?');

  const labels = createSenderLabels(database);

  const write = (tally: BatchTally, position: Position, noticedAt: Date): void => {
    labels.take(tally.counts);
    for (const { hour, senderId, topicPattern, count } of tally.counts) {
      addHourly.run(hour, senderId, topicPattern, count);
      addTotal.run(senderId, topicPattern, count);
    }
    for (const [senderId, count] of tally.foreign) addForeign.run(senderId, count);
    for (const gap of tally.gaps) addGap.run(gap.reason, gap.from, gap.to, noticedAt.toISOString());
    for (const record of tally.connections.values()) {
      putConnection.run(
        record.madId,
        record.status,
        new Date(record.connectedAtMs).toISOString(),
        new Date(record.lastSeenMs).toISOString(),
        JSON.stringify([...record.instances]),
      );
    }
    const { atMs, silenceFromMs } = tally.progress;
    putPosition.run(position, atMs === null ? null : Math.floor(atMs), silenceFromMs);
  };

  return {
    load() {
      const row = readPosition.get();
      const records = readRecords.all().map(recordFromRow);
      return {
        position: row === undefined ? null : PositionSchema.parse(row.position),
        connections: new Map(records.map((record) => [record.madId, record])),
        progress:
          row === undefined ? NO_PROGRESS : { atMs: row.progress_ms, silenceFromMs: row.silence_from_ms },
      };
    },
    commit(tally, position, noticedAt) {
      database.transaction(() => write(tally, position, noticedAt));
      labels.committed();
    },
    connections: () => readConnections.all(),
    forget: (madIds) =>
      database.transaction(() => {
        for (const madId of madIds) deleteConnection.run(madId);
      }),
    stats: (nowMs, hours, { after = BEFORE_ALL, limit = NO_LIMIT } = {}) =>
      readStats.all({ ...after, firstHour: firstHour(nowMs, hours), limit }),
    statTotals(nowMs, hours, limit) {
      const from = firstHour(nowMs, hours);
      return {
        rows: countStats.get(from)?.rows ?? 0,
        bySender: totalBySender.all(from, limit),
        byTopicPattern: totalByTopicPattern.all(from, limit),
        byHour: totalByHour.all(from, limit),
      };
    },
    totals: () => readTotals.all(),
    labelOf: labels.of,
    foreignTotal: () => readForeign.get()?.total ?? 0,
    gapTotals: () => readGaps.all(),
    deleteBefore: (timeMs) =>
      database.transaction(() => {
        deleteGone.run(new Date(timeMs).toISOString());
        return deleteHours.run(hourTimestamp(timeMs)).changes;
      }),
  };
}

const recordFromRow = (row: ConnectionRow): MadRecord => ({
  madId: row.mad_id,
  status: row.status,
  connectedAtMs: Date.parse(row.connected_at),
  lastSeenMs: Date.parse(row.last_heartbeat),
  instances: new Map(JSON.parse(row.instances) as [string, number][]),
});
