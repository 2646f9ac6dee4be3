// What happened in one group is recorded, and happens again in another one.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import { connectTools } from '@mad-group/mad';
import type { RecordingLine } from '@mad-group/protocol';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Group, type MadName, startGroup } from '../kit/group.ts';
import { type Finished, type Running, run, start } from '../kit/process.ts';
import {
  type ModelQuestion,
  type ModelSaying,
  startTalkingModel,
  type TalkingModel,
} from '../kit/talking-model.ts';

// Each of these starts a group and several commands.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const PLAN = {
  plan: ['Look', 'Move'].map((title, index) => ({ step_number: index + 1, title, description: `${title}.` })),
};
const WAIT = { timeout: 20_000, interval: 50 };

/** Whether the process under the slow task has been killed. */
let revived = false;

/** Calls tools, makes plans, fails, hangs: all by the prompt, as a model does. */
function say({ prompt, round, results, isPlan, turns }: ModelQuestion): ModelSaying {
  if (isPlan) {
    if (prompt.includes('impossible')) return { refuse: { status: 400, message: 'no such plan' } };
    return { text: [JSON.stringify(PLAN)] };
  }
  if (prompt.startsWith('Fail')) return { refuse: { status: 400, message: 'too much is asked' } };
  if (prompt.startsWith('Be cut off')) return { text: ['As far ', 'as here'], hangs: true };
  if (prompt.startsWith('Take long')) {
    return revived ? { text: ['Done at ', 'last.'] } : { text: ['Half of ', 'it'], hangs: true };
  }
  if (prompt.startsWith('Look into the newest task')) {
    if (round === 0) {
      return { text: ['I look.'], calls: [{ name: 'list_recent_tasks', arguments: { limit: 2 } }] };
    }
    // The newest is the one that asks.
    const [, before] = [...results.join('').matchAll(/"task_id":"([^"]+)"/g)];
    const taskId = before?.[1] ?? 'none';
    if (round === 1) return { calls: [{ name: 'get_task_status', arguments: { task_id: taskId } }] };
    return { text: ['The task ', taskId, ' is over.'] };
  }
  if (prompt.startsWith('Number')) {
    const number = /\d+/.exec(prompt)?.[0] ?? '';
    if (round < 2)
      return {
        text: [`${number}.${round}`],
        calls: [{ name: 'get_task_status', arguments: { task_id: `none-${number}` } }],
      };
    return { text: [`It was ${number}.`] };
  }
  return { text: ['You said: ', prompt.split('\n', 1)[0] as string, ` (turn ${turns + 1})`] };
}

let folder: string;
let redis: TestRedis;
let model: TalkingModel;
/** The environment of the first group's users. */
let env: Record<string, string>;
let group: Group;
/** Runs all the while, also while the group does not. */
let tail: Running;

const cli = (args: readonly string[], of = env): Promise<Finished> => run('mad-cli', args, of);

/** Calls a tool of the first group; over a connection of its own, since a call may wait long. */
async function ask(tool: string, input: Record<string, unknown>): Promise<Record<string, unknown>> {
  const client = await connectTools(group.url(tool.slice(0, tool.indexOf('_')) as MadName));
  try {
    return await client.call(tool, input, { timeoutMs: 60_000 });
  } finally {
    await client.close();
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mad-recorder-'));
  redis = await startRedis();
  model = await startTalkingModel(say);
  const config = {
    REDIS_URL: redis.url,
    REDIS_PASSWORD: redis.password,
    OPENAI_BASE_URL: model.baseUrl,
    LOG_LEVEL: 'error',
  };
  const dataDir = join(folder, 'data');
  group = await startGroup(config, dataDir);
  env = group.env;
  tail = start('mad-cli', ['bus', 'tail', '--since', '1h'], env);
  await happen();
  await group.running.stop('SIGKILL');
  revived = true;
  // At the same address, as a container that is started again.
  const ports = Object.entries(env).filter(([key]) => key.endsWith('_PORT'));
  group = await startGroup({ ...config, ...Object.fromEntries(ports) }, dataDir);
  await vi.waitFor(async () => expect((await statuses())['Take long.']).toBe('COMPLETED'), WAIT);
  await ask('fiedler_ask', { prompt: 'Look into the newest task.' });
});

/** All that the recording is to hold, but for what comes after the process was killed. */
async function happen(): Promise<void> {
  await ask('fiedler_ask', { prompt: 'Good morning.', conversation_id: 'chat', correlation_id: 'morning' });
  await ask('fiedler_ask', { prompt: 'Good morning.', conversation_id: 'chat', correlation_id: 'morning' });
  await ask('fiedler_ask', { prompt: 'Plan the steps to move.', correlation_id: 'morning' });
  await ask('fiedler_ask', { prompt: 'Plan the steps to the impossible.' });
  await ask('fiedler_ask', { prompt: 'Fail, please.', correlation_id: 'morning' });
  await ask('rogers_ask', { prompt: 'Good evening, Rogers.' });
  await ask('fiedler_ask', { prompt: 'Look into the newest task.' });
  await Promise.all([1, 2, 3, 4].map((number) => ask('fiedler_ask', { prompt: `Number ${number}.` })));
  const cut = await ask('fiedler_converse', { prompt: 'Be cut off.', requester_id: 'me' });
  await vi.waitFor(async () => expect(await tokensOf(String(cut.task_id))).toBe('As far as here'), WAIT);
  await ask('fiedler_cancel_task', { task_id: cut.task_id });

  // Over the bus: a call that makes a task, and words for whoever listens.
  const call = { tool_name: 'fiedler_converse', tool_input: { prompt: 'Over the bus.', requester_id: 'me' } };
  await ask('grace_send_message', { channel: 'mad.direct.fiedler', payload: call, correlation_id: 'by-bus' });
  await ask('grace_send_message', { channel: 'mad.topic.news', payload: { text: 'It rains.' } });
  await vi.waitFor(async () => expect((await statuses())['Over the bus.']).toBe('COMPLETED'), WAIT);

  const slow = await ask('fiedler_converse', { prompt: 'Take long.', requester_id: 'me' });
  await vi.waitFor(async () => expect(await tokensOf(String(slow.task_id))).toBe('Half of it'), WAIT);
}

async function tokensOf(taskId: string): Promise<string> {
  const { events } = await ask('fiedler_get_task_events', { task_id: taskId });
  return (events as { token: string }[]).map(({ token }) => token).join('');
}

async function statuses(): Promise<Record<string, string>> {
  const { tasks } = await ask('fiedler_list_tasks', { limit: 100 });
  return Object.fromEntries(
    (tasks as { prompt: string; status: string }[]).map((task) => [task.prompt, task.status]),
  );
}

afterAll(async () => {
  await tail?.stop('SIGKILL');
  await group?.stop();
  await model?.stop();
  await redis?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Exports into a file of this name. */
async function exported(
  name: string,
  ...args: string[]
): Promise<{ file: string; lines: RecordingLine[]; told: string }> {
  const file = join(folder, name);
  const { code, stderr } = await cli(['bus', 'export', '--out', file, ...args]);
  expect(code, stderr).toBe(0);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return { file, lines: lines.map((line) => JSON.parse(line) as RecordingLine), told: stderr };
}

const messagesIn = (lines: readonly RecordingLine[]) =>
  lines.flatMap((line) => (line.type === 'message' ? [line.message] : []));
const tasksIn = (lines: readonly RecordingLine[]) =>
  lines.flatMap((line) => (line.type === 'task' ? [line.task] : []));

/** Plays a recording to a fresh group whose model is made of another, or of the same. */
async function replay(
  recording: string,
  ofModel = recording,
  ...args: string[]
): Promise<Finished & { refused: string }> {
  const server = start('mad-cli', ['bus', 'model', ofModel]);
  let fresh: Group | undefined;
  try {
    await expect.poll(server.stdout).toContain('OPENAI_BASE_URL=');
    const url = /OPENAI_BASE_URL=(\S+)/.exec(server.stdout())?.[1] as string;
    fresh = await startGroup({ OPENAI_BASE_URL: url, LOG_LEVEL: 'error' });
    const played = await run('mad-cli', ['bus', 'replay', recording, ...args], fresh.env);
    return { ...played, refused: server.stderr() };
  } finally {
    await fresh?.stop();
    const { code } = await server.stop('SIGINT');
    expect(code).toBe(0);
  }
}

describe('a recording of everything', () => {
  test('holds the log in its order, each message once, and each task with its prompt and its end', async () => {
    const { lines, told } = await exported('all.jsonl');
    const messages = messagesIn(lines);
    expect(new Set(messages.map(({ message_id: id }) => id)).size).toBe(messages.length);
    const places = messages.map(({ position }) => Number(position.slice(position.lastIndexOf('-') + 1)));
    expect(places).toEqual(places.map((_, index) => index + 1));
    const ends = Object.fromEntries(tasksIn(lines).map((task) => [task.prompt, task.status]));
    expect(ends).toEqual({
      'Good morning.': 'COMPLETED',
      'Plan the steps to move.': 'COMPLETED',
      'Plan the steps to the impossible.': 'COMPLETED',
      'Fail, please.': 'FAILED',
      'Good evening, Rogers.': 'COMPLETED',
      'Look into the newest task.': 'COMPLETED',
      ...Object.fromEntries([1, 2, 3, 4].map((number) => [`Number ${number}.`, 'COMPLETED'])),
      'Be cut off.': 'CANCELLED',
      'Over the bus.': 'COMPLETED',
      'Take long.': 'COMPLETED',
    });
    expect(tasksIn(lines)).toHaveLength(15);
    expect(tasksIn(lines).find(({ prompt }) => prompt === 'Take long.')).toMatchObject({ attempt: 2 });
    expect(lines.at(-1)).toMatchObject({ type: 'end', messages: messages.length, tasks: 15, gaps: 0 });
    expect(told).toContain(`${messages.length.toLocaleString('en-US')} messages and 15 tasks, from 20`);
    const failed = tasksIn(lines).find(({ status }) => status === 'FAILED');
    expect(failed?.error_details).toMatchObject({ code: 'provider_rejected', stack_trace: null });
    const owners = [
      ...messages.map(({ headers }) => headers?.owner),
      ...tasksIn(lines).map((task) => 'owner' in task),
    ];
    expect(new Set(owners)).toEqual(new Set([undefined, false]));
  });

  test('comes out the same in a fresh group: plans, tools, failures, attempts, cancels, calls over the bus', async () => {
    const { file } = await exported('replayed.jsonl');
    const { code, stdout, stderr, refused } = await replay(file);
    expect(refused).toBe('');
    expect(stdout, stderr).toBe('The same: 15 tasks and 2 messages.\n');
    expect(code).toBe(0);
  });

  test('does not come out the same where an answer has changed, and the difference is shown', async () => {
    const { file } = await exported('original.jsonl');
    const changed = join(folder, 'changed.jsonl');
    await writeFile(changed, (await readFile(file, 'utf8')).replaceAll('It was 3.', 'It was 5.'));
    const { code, stdout } = await replay(file, changed);
    expect(stdout).toMatch(/^task of fiedler: Number 3\.\n/);
    expect(stdout.split('\n').filter((line) => /^[-+]/.test(line))).toEqual([
      '- says      It was 3.',
      '+ says      It was 5.',
    ]);
    expect(stdout).toContain('Not the same: 1 of 15 tasks and 0 of 2 messages differ (- recorded, + now).');
    expect(code).toBe(1);
  });
});

describe('a recording of one correlation id', () => {
  test('holds what carries it and nothing else, and comes out the same', async () => {
    const { file, lines } = await exported('morning.jsonl', '--correlation', 'morning');
    expect(new Set(messagesIn(lines).map((message) => message.correlation_id))).toEqual(new Set(['morning']));
    expect(tasksIn(lines).map(({ prompt }) => prompt)).toEqual([
      'Good morning.',
      'Good morning.',
      'Plan the steps to move.',
      'Fail, please.',
    ]);
    const { code, stdout, stderr } = await replay(file);
    expect(stdout, stderr).toBe('The same: 4 tasks and 0 messages.\n');
    expect(code).toBe(0);
  });
});

describe('a tail', () => {
  test('of a group that was killed and started again has what the log has, each once', async () => {
    const { lines } = await exported('for-the-tail.jsonl', '--no-tasks');
    const ids = messagesIn(lines).map(({ message_id: id }) => id);
    await expect.poll(tail.stdout).toContain(ids.at(-1));
    const { code, stdout, stderr } = await tail.stop('SIGINT');
    expect(code, stderr).toBe(0);
    const tailed = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { message: { message_id: string } }).message.message_id);
    expect(tailed.slice(0, ids.length)).toEqual(ids);
    expect(stderr).toContain('[connection lost, trying again: ');
  });

  test('ends when its reader has seen enough', async () => {
    const { code, stdout } = await run(
      'bash',
      ['-o', 'pipefail', '-c', 'mad-cli bus tail --since 1h | head -n 1'],
      env,
    );
    expect(JSON.parse(stdout)).toMatchObject({ type: 'message' });
    expect(code).toBe(0);
  });
});

test('a recording that follows is complete when the system ends it', async () => {
  const file = join(folder, 'followed.jsonl');
  const recording = start(
    'mad-cli',
    ['bus', 'export', '--follow', '--since', '0s', '--out', file, 'mad.topic.*'],
    env,
  );
  const words = { channel: 'mad.topic.weather', payload: { text: 'It snows.' } };
  const part = () => readFile(`${file}.part-${recording.child.pid}`, 'utf8').catch(() => '');
  await expect
    .poll(async () => {
      await ask('grace_send_message', words);
      return part();
    })
    .toContain('It snows.');
  const { code, stderr } = await recording.stop('SIGTERM');
  expect(code, stderr).toBe(0);
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  expect(JSON.parse(lines.at(-1) as string)).toMatchObject({ type: 'end', messages: lines.length - 2 });
});
