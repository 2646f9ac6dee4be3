// The model provider goes away for a while: it is spared, tasks wait, and go on by themselves.

import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import { connectTools, type ToolClient } from '@mad-group/mad';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FickleProvider, type ProviderMood, startFickleProvider } from '../kit/fickle-provider.ts';
import { createFiedlerPlace, type Fiedler } from '../kit/fiedler.ts';
import { run } from '../kit/process.ts';
import { figure, IS_FULL, scaled } from '../kit/scale.ts';

const OUTAGE_MS = scaled({ short: 8_000, full: 60_000 });
const TASKS = 100;
const CONCURRENCY = 16;
/** The first ones in flight find out; then one request at a time tries, at most every 2.5 s. */
const MOST_REQUESTS = CONCURRENCY + 5 + OUTAGE_MS / 2_500 + 5;

let redis: TestRedis;
let provider: FickleProvider;

beforeAll(async () => {
  redis = await startRedis();
  provider = await startFickleProvider({ tokens: 10, delayMs: 20 });
});
afterAll(async () => {
  await provider.stop();
  await redis.stop();
});

const untilMs = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function submit(client: ToolClient, count: number): Promise<string[]> {
  const replies = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      client.callOrThrow('fiedler_converse', { requester_id: 'r', prompt: `What of ${index}?` }),
    ),
  );
  return replies.map(({ task_id }) => String(task_id));
}

const statesOf = async (client: ToolClient, ids: readonly string[]): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const task_id of ids) {
    const { status } = await client.callOrThrow('fiedler_get_task_status', { task_id });
    counts[String(status)] = (counts[String(status)] ?? 0) + 1;
  }
  return counts;
};

async function metric(fiedler: Fiedler, name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${fiedler.env.PLATFORM_PORT}/metrics`);
  const line = (await response.text()).split('\n').find((one) => one.startsWith(name));
  return Number(line?.split(' ').at(-1));
}

const moods: ProviderMood[] = IS_FULL ? ['failing', 'gone'] : ['failing'];

test.each(moods)(
  'the provider is %s for a while: it is spared, tasks wait, and all are answered when it is back',
  async (mood) => {
    const fiedler = await createFiedlerPlace({
      redis,
      providerUrl: provider.baseUrl,
      env: { TASK_CONCURRENCY: String(CONCURRENCY) },
    });
    const life = await fiedler.start();
    const client = await connectTools(fiedler.url);
    try {
      await provider.become(mood);
      const seen = (): number => provider.requests() + provider.refused();
      const before = seen();
      const begunMs = performance.now();
      const ids = await submit(client, TASKS);
      await expect.poll(() => metric(fiedler, 'mad_provider_circuit_state')).toBeGreaterThan(0);
      const noticedMs = performance.now() - begunMs;
      const status = await run('mad-status', ['--mad', 'fiedler'], { ...fiedler.env });
      expect(status.code).toBe(1);
      expect(status.stdout).toContain('- Status: DEGRADED');
      expect(status.stdout).toMatch(/- Provider Circuit: (half-)?open/);
      expect(status.stdout).toMatch(/- Provider Away Because: The model provider (answered|cannot)/);

      await untilMs(OUTAGE_MS - (performance.now() - begunMs));
      const during = seen() - before;
      const waiting = await statesOf(client, ids);
      expect(waiting).toEqual({ RUNNING: CONCURRENCY, PENDING: TASKS - CONCURRENCY });
      expect(during).toBeLessThanOrEqual(MOST_REQUESTS);

      await provider.become('up');
      const backMs = performance.now();
      let recoveredMs = Number.NaN;
      await expect
        .poll(async () => {
          const state = await metric(fiedler, 'mad_provider_circuit_state');
          if (state === 0 && Number.isNaN(recoveredMs)) recoveredMs = performance.now() - backMs;
          return statesOf(client, ids);
        })
        .toEqual({ COMPLETED: TASKS });
      figure('provider outage', {
        mood,
        outage_s: OUTAGE_MS / 1000,
        tasks: TASKS,
        requests_during_outage: during,
        limit: MOST_REQUESTS,
        noticed_ms: Math.round(noticedMs),
        closed_again_ms: Math.round(recoveredMs),
        completed: TASKS,
      });
      expect((await run('mad-status', ['--mad', 'fiedler'], { ...fiedler.env })).stdout).toContain(
        '- Provider Circuit: closed',
      );
    } finally {
      await client.close();
      await life.stop('SIGKILL');
      await fiedler.remove();
      await provider.become('up');
    }
  },
);

test.each([
  ['their wait for it is over', { LLM_OUTAGE_WAIT_MS: '4000' }],
  ['their deadline is over', { TASK_DEADLINE_MS: '4000' }],
])('tasks fail when %s, and say that the provider is away and why', async (_, env) => {
  const fiedler = await createFiedlerPlace({ redis, providerUrl: provider.baseUrl, env });
  const life = await fiedler.start();
  const client = await connectTools(fiedler.url);
  try {
    await provider.become('failing');
    const begunMs = performance.now();
    const ids = await submit(client, 20);
    await expect.poll(() => statesOf(client, ids)).toEqual({ FAILED: 20 });
    const tookMs = performance.now() - begunMs;
    const task = await client.callOrThrow('fiedler_get_task_status', { task_id: ids[0] });
    figure('provider outage past the deadline', { ...env, failed_after_ms: Math.round(tookMs) });
    expect(task.error_details).toMatchObject({
      code: 'provider_unavailable',
      message: expect.stringMatching(
        /^The model provider has been away for \d+ s\. The model provider answered with an error: 503 the model is overloaded/,
      ),
    });
    expect(tookMs).toBeGreaterThan(3_000);
  } finally {
    await client.close();
    await life.stop('SIGKILL');
    await fiedler.remove();
    await provider.become('up');
  }
});
