import { join } from 'node:path';
import Database from 'better-sqlite3';

const HOUR_MS = 3_600_000;
/** How busy each hour of a day is, from midnight on. */
const DAY = [2, 1, 1, 1, 1, 2, 4, 9, 16, 22, 25, 24, 18, 21, 26, 24, 20, 14, 9, 7, 6, 5, 4, 3];
/** Messages of an hour of business 1, by sender and topic pattern. */
const SHARES = [
  ['fiedler', 'mad.stream', 41],
  ['grace', 'mad.direct', 9],
  ['grace', 'mad.topic', 17],
  ['rogers', 'mad.direct', 6],
  ['sequential-thinking', 'mad.direct', 4],
] as const;

/** Messages that {@link addPastTraffic} gives the hour so many hours ago, all senders and topics together. */
export const pastMessages = (hoursAgo: number): number =>
  SHARES.reduce((sum, [, , share]) => sum + share, 0) * (DAY[hourOf(hoursAgo).getUTCHours()] as number);

/**
 * Lets Rogers' database hold a week of traffic before this hour, as Rogers itself would have counted it.
 *
 * @param dataDir of a group that runs
 */
export function addPastTraffic(dataDir: string): void {
  const database = new Database(join(dataDir, 'rogers_state.db'), { timeout: 10_000 });
  const add = database.prepare<[string, string, string, number]>(
    'INSERT INTO hourly_metrics (hour_timestamp, sender_id, topic_pattern, message_count) VALUES (?, ?, ?, ?)',
  );
  database.transaction(() => {
    for (let hoursAgo = 1; hoursAgo < 7 * 24; hoursAgo += 1) {
      const hour = hourOf(hoursAgo);
      const business = DAY[hour.getUTCHours()] as number;
      for (const [sender, pattern, share] of SHARES) {
        add.run(`${hour.toISOString().slice(0, 13)}:00:00Z`, sender, pattern, share * business);
      }
    }
  })();
  database.close();
}

const hourOf = (hoursAgo: number): Date => new Date(Date.now() - hoursAgo * HOUR_MS);
