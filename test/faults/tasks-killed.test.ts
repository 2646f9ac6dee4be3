import { setTimeout as delay } from 'node:timers/promises';
import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFiedlerPlace, type Fiedler } from '../kit/fiedler.ts';
import { figure, scaled } from '../kit/scale.ts';
import { createSteadyClient, type SteadyClient } from '../kit/steady-client.ts';
import { type StreamingStub, startStreamingStub, tokensOf } from '../kit/streaming-stub.ts';
import { judgeTasks, untilAllEnded } from '../kit/task-verdict.ts';

const KILLS = scaled({ short: 8, full: 100 });
const TASKS = scaled({ short: 80, full: 1_000 });
/** Most tokens that a life streams before it is killed; on average more than its share of them all. */
const MOST_TOKENS = 800;
/** Longest time that a task may stay unfinished after a start. */
const STUCK_MS = 30_000;

/** 5 to 44 tokens, one each 5 to 24 ms: some tasks end between two kills, some meet several. */
const sizeOf = (prompt: string): number => Number(prompt.split(' ')[1]);
const answer = (prompt: string) => ({
  tokens: tokensOf(prompt, 5 + (sizeOf(prompt) % 40)),
  delayMs: 5 + (sizeOf(prompt) % 20),
});

let redis: TestRedis;
let stub: StreamingStub;
let fiedler: Fiedler;
let client: SteadyClient;

beforeEach(async () => {
  redis = await startRedis({ appendonly: true });
  stub = await startStreamingStub(answer);
  fiedler = await createFiedlerPlace({
    redis,
    providerUrl: stub.baseUrl,
    // What runs at a kill runs again: more at once would do little else.
    env: { TASK_CONCURRENCY: '16' },
  });
  client = createSteadyClient(fiedler.url);
});
afterEach(async () => {
  await client.close();
  await stub.stop();
  await redis.stop();
  await fiedler.remove();
});

test('killed again and again while tasks come and run, Fiedler loses none', async () => {
  const acknowledged = new Map<string, string>();
  const submissions: Promise<void>[] = [];
  const submit = async (index: number): Promise<void> => {
    const key = `key-${index}`;
    const input = { prompt: `task ${index}`, requester_id: `r-${index % 7}`, idempotency_key: key };
    acknowledged.set(key, (await client.call('fiedler_converse', input)).task_id as string);
  };

  /** Waits until the provider has sent so many more tokens, or has no one to send them to. */
  const streamed = async (count: number): Promise<void> => {
    const sent = () => stub.requests.reduce((sum, { tokensSent }) => sum + tokensSent, 0);
    const answered = () =>
      new Set(stub.requests.filter(({ outcome }) => outcome === 'complete').map(({ prompt }) => prompt));
    const until = sent() + count;
    while (sent() < until && answered().size < submissions.length) await delay(5);
  };

  let duringStart = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const from = Math.floor((TASKS * kill) / KILLS);
    const to = Math.floor((TASKS * (kill + 1)) / KILLS);
    for (let index = from; index < to; index += 1) submissions.push(submit(index));
    // One in eight is killed while it starts, and so perhaps while it queues again what was left.
    if (kill % 8 === 3) {
      const starting = fiedler.spawn();
      await delay(Math.random() * 1_000);
      expect(await starting.stop('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
      duringStart += 1;
    } else {
      const life = await fiedler.start();
      await streamed(Math.random() * MOST_TOKENS);
      expect(await life.stop('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
    }
    expect(await fiedler.integrityCheck()).toBe('ok');
  }

  const last = await fiedler.start();
  const readyMs = performance.now();
  await Promise.all(submissions);
  await untilAllEnded(client);
  const allEndedMs = performance.now() - readyMs;
  expect(allEndedMs).toBeLessThan(STUCK_MS);

  const redisUrl = redis.url;
  const verdict = await judgeTasks({
    client,
    redisUrl,
    acknowledged,
    answerTo: (prompt) => answer(prompt).tokens.join(''),
  });
  expect(verdict).toMatchObject({ statuses: { COMPLETED: TASKS }, repeatedEntries: 0 });
  // The kills met work, or they would prove nothing.
  expect(verdict.furtherAttempts).toBeGreaterThan(KILLS);
  figure('tasks killed', {
    kills: KILLS,
    duringStart,
    ...verdict,
    allEndedAfterLastStartMs: Math.round(allEndedMs),
  });
  await last.stop();
});
