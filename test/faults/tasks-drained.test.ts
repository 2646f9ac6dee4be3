import { expect, test } from 'vitest';
import { useFiedlerScene } from '../kit/fiedler-scene.ts';
import { figure } from '../kit/scale.ts';
import { tokensOf } from '../kit/streaming-stub.ts';
import { judgeTasks, untilAllEnded } from '../kit/task-verdict.ts';

const TASKS = 100;

/** One half ends within the time of a drain; the other would take for ever at its first attempt. */
const answer = (prompt: string, earlier = 0) => ({
  tokens: tokensOf(prompt, 20),
  delayMs: Number(prompt.split(' ')[1]) % 2 === 1 && earlier === 0 ? 3_600_000 : 50,
});

const scene = useFiedlerScene({
  answer,
  // One more that ended with its process would fail here: a drain is no crash.
  place: () => ({ env: { TASK_CONCURRENCY: String(TASKS), TASK_MAX_ATTEMPTS: '1' } }),
});

test('a SIGTERM while a hundred tasks run loses none, and counts as no crash', async () => {
  const acknowledged = new Map<string, string>();
  const first = await scene.fiedler.start();
  await Promise.all(
    Array.from({ length: TASKS }, async (_, index) => {
      const key = `key-${index}`;
      const input = { prompt: `task ${index}`, requester_id: 'me', idempotency_key: key };
      acknowledged.set(key, (await scene.client.call('fiedler_converse', input)).task_id as string);
    }),
  );
  await expect.poll(() => scene.stub.requests.filter(({ tokensSent }) => tokensSent > 0).length).toBe(TASKS);

  const askedMs = performance.now();
  expect(await first.stop('SIGTERM')).toMatchObject({ code: 0, signal: null });
  const stopMs = performance.now() - askedMs;
  expect(await scene.fiedler.integrityCheck()).toBe('ok');

  const second = await scene.fiedler.start();
  await untilAllEnded(scene.client);
  const verdict = await judgeTasks({
    client: scene.client,
    redisUrl: scene.redis.url,
    acknowledged,
    answerTo: (prompt) => answer(prompt).tokens.join(''),
  });
  expect(verdict.statuses).toEqual({ COMPLETED: TASKS });
  // The half that could not end was put back, at least.
  expect(verdict.furtherAttempts).toBeGreaterThanOrEqual(TASKS / 2);
  figure('tasks drained', { ...verdict, stopMs: Math.round(stopMs) });
  await second.stop();
});
