import { MadError } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import type { FiedlerLife } from '../kit/fiedler.ts';
import { useFiedlerScene } from '../kit/fiedler-scene.ts';
import { figure, scaled } from '../kit/scale.ts';
import { tokensOf } from '../kit/streaming-stub.ts';
import { judgeTasks, untilAllEnded } from '../kit/task-verdict.ts';

const DEATHS = scaled({ short: 4, full: 50 });
const TASKS_PER_LIFE = 6;
const STUCK_MS = 30_000;
/** A life of six tasks passes each place at least so often, however its commits are grouped. */
const MOST_PASSAGES = 16;

const numberOf = (prompt: string): number => Number(prompt.split(' ')[1]);
const answer = (prompt: string) => ({
  tokens: tokensOf(prompt, 10),
  delayMs: 5,
  refuse: numberOf(prompt) % 6 === 5 ? 400 : undefined,
});

const scene = useFiedlerScene({
  answer,
  place: () => ({ main: 'test/faults/dying-fiedler-main.ts' }),
});

/** True where the cancellation was acknowledged, false where the task had ended before it. */
async function cancel(taskId: string): Promise<boolean> {
  try {
    await scene.client.call('fiedler_cancel_task', { task_id: taskId });
    return true;
  } catch (error) {
    if (error instanceof MadError && error.code === 'conflict') return false;
    throw error;
  }
}

test.each(['before commit', 'after commit', 'after publish', 'mid-token'])(
  'killed %s, Fiedler loses nothing and does nothing twice',
  async (place) => {
    const acknowledged = new Map<string, string>();
    const cancelled = new Set<string>();
    const submissions: Promise<void>[] = [];
    const submit = async (index: number): Promise<void> => {
      const key = `key-${index}`;
      const input = { prompt: `task ${index}`, requester_id: 'me', idempotency_key: key };
      const taskId = (await scene.client.call('fiedler_converse', input)).task_id as string;
      acknowledged.set(key, taskId);
      if (index % 6 === 4 && (await cancel(taskId))) cancelled.add(taskId);
    };

    const endedMs: number[] = [];
    /** Starts it to stay, and waits until everything has ended. */
    const recover = async (): Promise<FiedlerLife> => {
      const life = await scene.fiedler.start();
      const readyMs = performance.now();
      await Promise.all(submissions);
      await untilAllEnded(scene.client);
      endedMs.push(performance.now() - readyMs);
      expect(endedMs.at(-1)).toBeLessThan(STUCK_MS);
      return life;
    };

    for (let death = 0; death < DEATHS; death += 1) {
      const passages = 1 + Math.floor(Math.random() * MOST_PASSAGES);
      const life = scene.fiedler.spawn({ DIE_AT: place, DIE_AFTER: String(passages) });
      for (let n = 0; n < TASKS_PER_LIFE; n += 1) submissions.push(submit(death * TASKS_PER_LIFE + n));
      const end = await life.finished;
      expect(end, end.stderr).toMatchObject({ signal: 'SIGKILL', stdout: `died ${place}\n` });
      expect(await scene.fiedler.integrityCheck()).toBe('ok');
      // Now and then a life is left alone, since the queue would only grow with those that die young.
      if (death % 5 === 4) await (await recover()).stop('SIGKILL');
    }

    const last = await recover();

    const verdict = await judgeTasks({
      client: scene.client,
      redisUrl: scene.redis.url,
      acknowledged,
      answerTo: (prompt) => answer(prompt).tokens.join(''),
    });
    for (const taskId of cancelled) {
      expect(await scene.client.call('fiedler_get_task_status', { task_id: taskId })).toMatchObject({
        status: 'CANCELLED',
      });
    }
    expect(verdict).toMatchObject({ statuses: { FAILED: DEATHS }, repeatedEntries: 0 });
    figure(`tasks killed ${place}`, {
      deaths: DEATHS,
      ...verdict,
      cancelsAcknowledged: cancelled.size,
      allEndedAfterStartMsMost: Math.round(Math.max(...endedMs)),
    });
    await last.stop();
  },
);
