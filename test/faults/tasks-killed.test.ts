import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { useFiedlerScene } from '../kit/fiedler-scene.ts';
import { figure, scaled } from '../kit/scale.ts';
import { tokensOf } from '../kit/streaming-stub.ts';
import { judgeTasks, untilAllEnded } from '../kit/task-verdict.ts';

const KILLS = scaled({ short: 8, full: 100 });
const TASKS = scaled({ short: 80, full: 1_000 });
/**
 * Most tokens that a life streams before it is killed, in turn: less than its own tasks take, so that
 * it dies over them; and enough for what the one before left, so that no backlog is left for the end.
 */
const MOST_TOKENS = [200, 1_600] as const;
/** Longest time that a task may stay unfinished after a start. */
const STUCK_MS = 30_000;

/** 5 to 44 tokens, one each 5 to 24 ms: some tasks end between two kills, some meet several. */
const sizeOf = (prompt: string): number => Number(prompt.split(' ')[1]);
const answer = (prompt: string) => ({
  tokens: tokensOf(prompt, 5 + (sizeOf(prompt) % 40)),
  delayMs: 5 + (sizeOf(prompt) % 20),
});

const scene = useFiedlerScene({
  answer,
  // What runs at a kill runs again: more at once would do little else.
  place: () => ({ env: { TASK_CONCURRENCY: '16' } }),
});

test('killed again and again while tasks come and run, Fiedler loses none', async () => {
  const acknowledged = new Map<string, string>();
  const submissions: Promise<void>[] = [];
  const submit = async (index: number): Promise<void> => {
    const key = `key-${index}`;
    const input = { prompt: `task ${index}`, requester_id: `r-${index % 7}`, idempotency_key: key };
    acknowledged.set(key, (await scene.client.call('fiedler_converse', input)).task_id as string);
  };

  /** Waits until the provider has sent so many more tokens, or has no one to send them to. */
  const streamed = async (count: number): Promise<void> => {
    const sent = () => scene.stub.requests.reduce((sum, { tokensSent }) => sum + tokensSent, 0);
    const answered = () =>
      new Set(
        scene.stub.requests.filter(({ outcome }) => outcome === 'complete').map(({ prompt }) => prompt),
      );
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
      const starting = scene.fiedler.spawn();
      await delay(Math.random() * 1_000);
      expect(await starting.stop('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
      duringStart += 1;
    } else {
      const life = await scene.fiedler.start();
      await streamed(Math.random() * (MOST_TOKENS[kill % 2] ?? 0));
      expect(await life.stop('SIGKILL')).toMatchObject({ signal: 'SIGKILL' });
    }
    expect(await scene.fiedler.integrityCheck()).toBe('ok');
  }

  const last = await scene.fiedler.start();
  const readyMs = performance.now();
  await Promise.all(submissions);
  await untilAllEnded(scene.client);
  const allEndedMs = performance.now() - readyMs;
  expect(allEndedMs).toBeLessThan(STUCK_MS);

  const redisUrl = scene.redis.url;
  const verdict = await judgeTasks({
    client: scene.client,
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
