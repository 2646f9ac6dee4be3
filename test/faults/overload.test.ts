// More prompts at once than are taken: everyone is told, nothing is lost, memory stays bounded.

import { readFileSync } from 'node:fs';
import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import { connectTools, type ToolReply } from '@mad-group/mad';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FickleProvider, startFickleProvider } from '../kit/fickle-provider.ts';
import { createFiedlerPlace, type Fiedler } from '../kit/fiedler.ts';
import { figure, IS_FULL, scaled } from '../kit/scale.ts';

const PROMPTS = scaled({ short: 3_000, full: 15_000 });
const QUEUE_MAX = scaled({ short: 2_000, full: 10_000 });
const CONNECTIONS = 500;
const CONCURRENCY = 16;
/** What Fiedler's process may take at its peak. */
const PEAK_MIB = 512;

let redis: TestRedis;
let provider: FickleProvider;
let fiedler: Fiedler;

beforeAll(async () => {
  redis = await startRedis();
  provider = await startFickleProvider({ tokens: 20, delayMs: 100 });
});
afterAll(async () => {
  await fiedler?.remove();
  await provider.stop();
  await redis.stop();
});

/** A call of each connection at a time (`turns`), or all calls in one go. */
async function submitAll(how: 'turns' | 'in one go'): Promise<{ replies: ToolReply[]; tookMs: number[] }> {
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => connectTools(fiedler.url)));
  const replies: ToolReply[] = [];
  const tookMs: number[] = [];
  let next = 0;
  const submit = async (index: number): Promise<void> => {
    const client = clients[index % CONNECTIONS] as (typeof clients)[number];
    const begunMs = performance.now();
    replies.push(await client.call('fiedler_converse', { requester_id: 'crowd', prompt: `prompt ${index}` }));
    tookMs.push(performance.now() - begunMs);
  };
  if (how === 'in one go') {
    await Promise.all(Array.from({ length: PROMPTS }, (_, index) => submit(index)));
  } else {
    const turn = async (): Promise<void> => {
      while (next < PROMPTS) await submit(next++);
    };
    await Promise.all(clients.map(turn));
  }
  // A few change their minds.
  const accepted = replies.filter(({ status }) => status !== 'error').slice(-100);
  await Promise.all(
    accepted.map(({ task_id }, index) => clients[index]?.callOrThrow('fiedler_cancel_task', { task_id })),
  );
  await Promise.all(clients.map((client) => client.close()));
  return { replies, tookMs };
}

function countStates(path: string): Record<string, number> {
  const database = new Database(path, { readonly: true });
  const rows = database
    .prepare<[], { status: string; tasks: number }>(
      'SELECT status, count(*) AS tasks FROM tasks GROUP BY status',
    )
    .all();
  database.close();
  return Object.fromEntries(rows.map(({ status, tasks }) => [status, tasks]));
}

const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((a, b) => a + b, 0);
const percentile = (values: readonly number[], part: number): number =>
  [...values].sort((a, b) => a - b)[Math.ceil(values.length * part) - 1] ?? Number.NaN;
const peakMib = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

test.each(['turns', 'in one go'] as const)(
  'far more prompts than are taken (%s): each is accepted or told when to come back, and the database has every accepted one',
  async (how) => {
    fiedler = await createFiedlerPlace({
      redis,
      providerUrl: provider.baseUrl,
      env: { TASK_CONCURRENCY: String(CONCURRENCY), TASK_QUEUE_MAX: String(QUEUE_MAX) },
    });
    const life = await fiedler.start();
    try {
      const { replies, tookMs } = await submitAll(how);
      const refused = replies.filter(({ status }) => status === 'error');
      const accepted = replies.length - refused.length;
      const acceptedMs = tookMs.filter((_, index) => replies[index]?.status !== 'error');
      const p99 = percentile(acceptedMs, 0.99);
      const peak = peakMib(life.running.child.pid as number);
      const running = countStates(fiedler.databasePath);
      figure('overload', {
        how,
        submitted: replies.length,
        accepted,
        refused: refused.length,
        states: running,
        accept_p50_ms: Math.round(percentile(acceptedMs, 0.5)),
        accept_p99_ms: Math.round(p99),
        refusal_p99_ms: Math.round(
          percentile(
            tookMs.filter((_, i) => replies[i]?.status === 'error'),
            0.99,
          ),
        ),
        retry_after_ms: [...new Set(refused.map(({ retry_after_ms }) => retry_after_ms))].slice(0, 5),
        peak_rss_mib: Math.round(peak),
      });

      expect(replies).toHaveLength(PROMPTS);
      expect(accepted).toBeGreaterThanOrEqual(QUEUE_MAX);
      expect(refused.length).toBeGreaterThan(0);
      for (const reply of refused) {
        expect(reply).toMatchObject({
          code: 'queue_full',
          message: expect.stringMatching(
            /^\d+ tasks are waiting, and no more are taken. Try again in \d+ s\.$/,
          ),
          retry_after_ms: expect.any(Number),
        });
        expect(reply.retry_after_ms).toBeGreaterThanOrEqual(1_000);
      }
      // Whether it was accepted is what the database says, while it runs and after a stop.
      expect(sum(running)).toBe(accepted);
      expect(running.CANCELLED).toBe(100);
      expect((running.RUNNING ?? 0) + (running.STREAMING ?? 0)).toBeLessThanOrEqual(CONCURRENCY);
      expect(peak).toBeLessThan(PEAK_MIB);
      // A deadline of one process is only a promise where others leave it a processor.
      if (how === 'turns' && IS_FULL) expect(p99).toBeLessThanOrEqual(200);

      await life.stop();
      const stopped = countStates(fiedler.databasePath);
      expect(sum(stopped)).toBe(accepted);
      expect(Object.keys(stopped).sort()).toEqual(['CANCELLED', 'COMPLETED', 'PENDING']);
    } finally {
      await life.stop('SIGKILL');
      await fiedler.remove();
    }
  },
);
