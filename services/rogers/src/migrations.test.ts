import { join } from 'node:path';
import { createMetrics } from '@mad-group/mad';
import { GROUP_MADS, silentLogger } from '@mad-group/protocol';
import { openDatabase, TASK_MIGRATIONS } from '@mad-group/tasks';
import { expect, test } from 'vitest';
import { MAX_LABELS, OTHER_SENDERS, ROGERS_MIGRATIONS } from './migrations.ts';
import { openTestDatabase, temporaryFolder } from './testing/test-database.ts';
import { createTrafficMetrics } from './traffic-metrics.ts';
import { createTrafficStore } from './traffic-store.ts';

/** A database from before there were labels, with these totals of senders. */
function oldDatabase(totals: ReadonlyMap<string, number>): string {
  const folder = temporaryFolder();
  const database = openDatabase({
    path: join(folder, 'rogers_state.db'),
    log: silentLogger,
    migrations: [...TASK_MIGRATIONS, ...ROGERS_MIGRATIONS.slice(0, 1)],
  });
  const add = database.prepare<[string, number]>("INSERT INTO message_totals VALUES (?, 'mad.topic', ?)");
  database.transaction(() => {
    for (const [sender, count] of totals) add.run(sender, count);
  });
  database.close();
  return folder;
}

test('an old database keeps its counts, and its most talkative senders have the labels', async () => {
  // The later, the more it said; a MAD of the group has said least, and one is called as the rest is.
  const totals = new Map(Array.from({ length: 300 }, (_, n) => [`sender-${n}`, n + 10]));
  totals.set('grace', 1).set(OTHER_SENDERS, 5_000);
  const sum = [...totals.values()].reduce((all, count) => all + count, 0);

  const database = openTestDatabase(oldDatabase(totals));
  const stored = database.prepare<[], { sender_id: string; message_count: number }>(
    'SELECT sender_id, message_count FROM message_totals',
  );
  expect(new Map(stored.all().map((row) => [row.sender_id, row.message_count]))).toEqual(totals);

  const metrics = createMetrics({ processMetrics: false });
  createTrafficMetrics(metrics, createTrafficStore(database.relaxed)).restore();
  const { values = [] } = (await metrics.registry.getSingleMetric('mad_bus_messages_total')?.get()) ?? {};
  const shown = new Map(values.map(({ labels, value }) => [String(labels.sender_id), value]));
  const talkative = Array.from({ length: MAX_LABELS - GROUP_MADS.length }, (_, n) => `sender-${299 - n}`);
  expect(new Set(shown.keys())).toEqual(new Set(['grace', ...talkative, OTHER_SENDERS]));
  for (const sender of ['grace', ...talkative]) expect(shown.get(sender), sender).toBe(totals.get(sender));
  expect([...shown.values()].reduce((all, count) => all + count, 0)).toBe(sum);
});
