import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import type { FiedlerLife } from '../kit/fiedler.ts';
import { useFiedlerScene } from '../kit/fiedler-scene.ts';
import { freePorts } from '../kit/free-ports.ts';
import { figure, scaled } from '../kit/scale.ts';
import type { SteadyClient } from '../kit/steady-client.ts';
import { tokensOf } from '../kit/streaming-stub.ts';
import { judgeTasks, untilAllEnded } from '../kit/task-verdict.ts';

const SUBMISSIONS = scaled({ short: 600, full: 10_000 });
const KEYS = SUBMISSIONS / 2;
const KILLS = scaled({ short: 5, full: 40 });
const CLIENTS = 8;
/** Submissions that one client has on their way at once. */
const AT_ONCE = 8;

const tokens = (prompt: string): string[] => tokensOf(prompt, 3);

const scene = useFiedlerScene({
  answer: (prompt) => ({ tokens: tokens(prompt), delayMs: 2 }),
  clients: CLIENTS,
});

/** Each key twice: the second time mostly a little later, so that either may meet the other or a kill. */
function inSomeOrder(): number[] {
  const places = Array.from({ length: KEYS }, (_, key) => [
    { key, at: key },
    { key, at: key + Math.random() * KEYS * (Math.random() < 0.5 ? 0.01 : 0.5) },
  ]);
  return places
    .flat()
    .toSorted((a, b) => a.at - b.at)
    .map(({ key }) => key);
}

test('a key that comes again, also to a process that was killed in between, makes no second task', async () => {
  const acknowledged = new Map<string, string>();
  const contradictions: string[] = [];
  const waiting = inSomeOrder();
  let answered = 0;
  /** Submissions that the present life may begin; the rest is for the next. */
  let allowed = 0;
  let opened = Promise.withResolvers<void>();

  async function submitAll(client: SteadyClient): Promise<void> {
    for (;;) {
      while (allowed === 0 && waiting.length > 0) await opened.promise;
      const index = waiting.shift();
      if (index === undefined) return;
      allowed -= 1;
      const key = `key-${index}`;
      const input = { prompt: `task ${index}`, requester_id: 'me', idempotency_key: key };
      const taskId = (await client.call('fiedler_converse', input)).task_id as string;
      const known = acknowledged.get(key);
      if (known !== undefined && known !== taskId) contradictions.push(`${key}: ${known} and ${taskId}`);
      acknowledged.set(key, taskId);
      answered += 1;
    }
  }
  const allow = (count: number): void => {
    allowed = count;
    opened.resolve();
    opened = Promise.withResolvers();
  };

  const submitting = scene.clients.flatMap((client) =>
    Array.from({ length: AT_ONCE }, () => submitAll(client)),
  );
  let life: FiedlerLife | undefined;
  for (let kill = 0; kill < KILLS; kill += 1) {
    life = await scene.fiedler.start();
    const share = Math.ceil(SUBMISSIONS / (KILLS + 1));
    allow(share);
    const until = answered + Math.floor(share * Math.random());
    while (answered < until) await delay(1);
    await life.stop('SIGKILL');
    expect(await scene.fiedler.integrityCheck()).toBe('ok');
  }
  life = await scene.fiedler.start();
  allow(waiting.length + CLIENTS * AT_ONCE);
  await Promise.all(submitting);
  const { client } = scene;
  await untilAllEnded(client);

  expect(answered).toBe(SUBMISSIONS);
  expect(contradictions).toEqual([]);
  const verdict = await judgeTasks({
    client,
    redisUrl: scene.redis.url,
    acknowledged,
    answerTo: (prompt) => tokens(prompt).join(''),
  });
  expect(verdict.tasks).toBe(KEYS);
  figure('once', { submissions: SUBMISSIONS, kills: KILLS, ...verdict });
  await life.stop();
});

test('a second process on the same database refuses to start, says why in one line, and changes nothing', async () => {
  const { client } = scene;
  const life = await scene.fiedler.start();
  await client.call('fiedler_ask', { prompt: 'task 1' });
  const [port, platformPort] = await freePorts(2);
  const second = scene.fiedler.spawn({ FIEDLER_PORT: String(port), PLATFORM_PORT: String(platformPort) });
  const end = await second.finished;
  expect(end).toMatchObject({ code: 1, signal: null, stdout: '' });
  expect(end.stderr.trimEnd().split('\n')).toEqual([
    `Another process has the database at ${scene.fiedler.databasePath} open. Stop that process, or set DATA_DIR to another directory.`,
  ]);
  // The first never noticed.
  expect(await client.call('fiedler_ask', { prompt: 'task 2' })).toMatchObject({ task_status: 'COMPLETED' });
  await life.stop();
  const database = new Database(scene.fiedler.databasePath, { readonly: true });
  expect(database.prepare('SELECT COUNT(*) AS tasks FROM tasks').get()).toEqual({ tasks: 2 });
  database.close();
});
