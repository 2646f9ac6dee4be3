import { LOCAL_CALLER, parseToolInput, type Stat, silentLogger, type ToolContext } from '@mad-group/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openTestDatabase } from '../testing/test-database.ts';
import { createTrafficStore } from '../traffic-store.ts';
import { createGetStats } from './get-stats.ts';

const context: ToolContext = {
  caller: LOCAL_CALLER,
  correlationId: 'c',
  log: silentLogger,
  signal: new AbortController().signal,
};
const clock = { now: () => Date.UTC(2025, 0, 1, 9, 30) };

interface Reply {
  readonly stats: Stat[];
  readonly truncated?: true;
  readonly next_before?: string;
}

function setUp(rows: readonly Stat[], maxRows?: number) {
  const database = openTestDatabase().relaxed;
  const add = database.prepare<[Stat]>(`INSERT INTO hourly_metrics
    VALUES (:hour_timestamp, :sender_id, :topic_pattern, :total_messages)`);
  database.transaction(() => {
    for (const row of rows) add.run(row);
  });
  const store = createTrafficStore(database);
  const tool = createGetStats({ store, clock, ...(maxRows === undefined ? {} : { maxRows }) });
  const call = async (input: Record<string, unknown>) =>
    (await tool.handle(parseToolInput(tool, input), context)) as unknown as Reply;
  return { call };
}

const row = (hour: number, sender: string, pattern: string): Stat => ({
  hour_timestamp: `2025-01-01T0${hour}:00:00Z`,
  sender_id: sender,
  topic_pattern: pattern,
  total_messages: 1 + hour,
});

describe('rogers_get_stats', () => {
  test('gives each row once over truncated replies, in the order of one that is not', async () => {
    const key = fc.tuple(
      fc.integer({ min: 0, max: 9 }),
      fc.constantFrom('a', 'b', "'; --", 'naïve 🚀', 'zero\u0000byte'),
      fc.constantFrom('mad.topic', 'mad.direct'),
    );
    const keys = fc.uniqueArray(key, { maxLength: 40, selector: (one) => JSON.stringify(one) });
    await fc.assert(
      fc.asyncProperty(keys, fc.integer({ min: 1, max: 12 }), async (given, maxRows) => {
        const rows = given.map((one) => row(...one));
        const { call } = setUp(rows, maxRows);
        const all = await setUp(rows).call({ hours: 24 });
        expect(all).toEqual({ status: 'success', stats: expect.any(Array) });
        expect(all.stats).toHaveLength(rows.length);
        const seen: Stat[] = [];
        let before: string | undefined;
        do {
          const reply = await call({ hours: 24, ...(before === undefined ? {} : { before }) });
          expect(reply.stats.length).toBeLessThanOrEqual(maxRows);
          expect(reply.truncated === true).toBe(reply.next_before !== undefined);
          seen.push(...reply.stats);
          before = reply.next_before;
        } while (before !== undefined);
        expect(seen).toEqual(all.stats);
      }),
      { numRuns: 20 },
    );
  }, 60_000);

  test('holds 50,000 rows at most, however many there are', async () => {
    const rows = Array.from({ length: 50_001 }, (_, n) => row(9, `s${n}`, 'mad.topic'));
    const { call } = setUp(rows);
    const reply = await call({});
    expect(reply.stats).toHaveLength(50_000);
    expect(reply.truncated).toBe(true);
    const rest = await call({ before: reply.next_before });
    expect(rest.stats).toHaveLength(1);
    expect(rest).not.toHaveProperty('truncated');
  });

  test.each([
    'nonsense',
    Buffer.from('{}').toString('base64url'),
    Buffer.from('["a"]').toString('base64url'),
  ])('refuses %j as before, in clear words', async (before) => {
    await expect(setUp([]).call({ before })).rejects.toMatchObject({
      code: 'invalid_input',
      message: "'before' must be the 'next_before' of an earlier reply.",
    });
  });
});
