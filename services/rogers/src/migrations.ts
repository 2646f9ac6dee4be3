import type { Migration } from '@mad-group/tasks';

/** The label of all senders that have none of their own. */
export const OTHER_SENDERS = 'other';

/**
 * Tables of `rogers_state.db` beside those of the tasks. `connections` and `hourly_metrics` have
 * the columns of the first implementation.
 *
 * `message_totals` holds the same counts without the hour: retention deletes old hours, and a
 * Prometheus counter must not go down.
 */
const TRAFFIC_TABLES = `
CREATE TABLE connections (
  mad_id TEXT PRIMARY KEY,
  status TEXT NOT NULL CHECK (status IN ('CONNECTED', 'HEALTHY', 'STALE', 'DISCONNECTED')),
  connected_at TEXT NOT NULL,
  last_heartbeat TEXT NOT NULL,
  instances TEXT NOT NULL DEFAULT '[]' -- JSON: [[instance id, ms since 1970 of its newest beat]]
) STRICT;

CREATE TABLE hourly_metrics (
  hour_timestamp TEXT NOT NULL,
  sender_id TEXT NOT NULL,
  topic_pattern TEXT NOT NULL,
  message_count INTEGER NOT NULL,
  PRIMARY KEY (hour_timestamp, sender_id, topic_pattern)
) STRICT, WITHOUT ROWID;

CREATE TABLE message_totals (
  sender_id TEXT NOT NULL,
  topic_pattern TEXT NOT NULL,
  message_count INTEGER NOT NULL,
  PRIMARY KEY (sender_id, topic_pattern)
) STRICT, WITHOUT ROWID;

CREATE TABLE foreign_totals (
  sender_id TEXT PRIMARY KEY,
  message_count INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE gaps (
  gap_id INTEGER PRIMARY KEY,
  reason TEXT NOT NULL,
  from_position TEXT NOT NULL,
  to_position TEXT NOT NULL,
  noticed_at TEXT NOT NULL
) STRICT;

CREATE TABLE bus_position (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  position TEXT NOT NULL,
  progress_ms INTEGER, -- how far the log was known to be written, in its own time
  silence_from_ms INTEGER NOT NULL
) STRICT;
`;

/** Senders with a label of their own in metrics: any client can make up names, and each costs for ever. */
export const MAX_LABELS = 200;

/**
 * Who has a label is stored with the counts, since a counter that belonged to another sender after a
 * restart would be a lie. The group's own MADs have theirs whoever comes first; of senders that were
 * counted before there was this table, the most talkative. Written out, since a published step stays
 * as it is when the MADs of the group or the bound change.
 */
const LABELLED_SENDERS = `
CREATE TABLE labelled_senders (sender_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
INSERT INTO labelled_senders VALUES ('grace'), ('fiedler'), ('rogers'), ('sequential-thinking');
INSERT OR IGNORE INTO labelled_senders
  SELECT sender_id FROM message_totals WHERE sender_id <> 'other'
  GROUP BY sender_id ORDER BY sum(message_count) DESC, sender_id LIMIT 196;
`;

/** What `openDatabase` applies after the migrations of the tasks. */
export const ROGERS_MIGRATIONS: readonly Migration[] = [
  { name: 'rogers-001', sql: TRAFFIC_TABLES },
  { name: 'rogers-002', sql: LABELLED_SENDERS },
];
