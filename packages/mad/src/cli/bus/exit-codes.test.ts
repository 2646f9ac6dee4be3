import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startFoundingServer } from '../../client/founding-server.test-support.ts';
import { RECORDING_HEADER, taskView } from '../../recorded-model/recording.test-support.ts';
import { composeStatus } from '../../status.ts';
import { fakeIo } from '../fake-io.test-support.ts';
import { runMadCli } from '../mad-cli.ts';
import { runToEnd } from '../process-io.ts';
import { type FakeGrace, startFakeGrace } from './fake-grace.test-support.ts';

let folder: string;
let group: FakeGrace;
let isRefused: boolean;
/** What was asked of Fiedler last. */
let given: Record<string, unknown>;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mad-codes-'));
  isRefused = false;
  group = await startFakeGrace(answer);
});
afterEach(async () => {
  await group.server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const VIEW = { prompt: 'Do it.', status: 'COMPLETED', last_seq: 0 } as const;
/** A Fiedler whose tasks end as they did, if it takes them. */
function answer(tool: string, input: Record<string, unknown>): object {
  if (isRefused) return { status: 'error', code: 'forbidden', message: "'fiedler_converse' needs a scope." };
  if (tool === 'fiedler_converse') {
    given = input;
    const { requester_id, correlation_id, conversation_id } = input;
    const ids = { requester_id, correlation_id, conversation_id };
    return { status: 'pending', task_id: 'now', stream_topic: 'mad.stream.now', ...ids };
  }
  if (tool === 'fiedler_get_task_events') {
    return {
      status: 'success',
      task_id: 'now',
      task_status: 'COMPLETED',
      events: [],
      next_after: 0,
      done: true,
    };
  }
  return { ...taskView({ ...VIEW, ...given, task_id: 'now' }), owner: 'local' };
}

const END = { type: 'end', messages: 0, tasks: 1, gaps: 0, from: null, to: null, position: null };
const GAP = { type: 'gap', gap: { reason: 'epoch', from: null, to: null } };
const task = (taskId: string, given: object = {}) => ({
  type: 'task',
  mad: 'fiedler',
  task: taskView({ ...VIEW, task_id: taskId, ...given }),
});

async function bus(...args: string[]) {
  const io = fakeIo({ env: group.env });
  const code = await runToEnd('mad-cli', runMadCli, ['bus', ...args], io);
  return { code, out: io.out(), err: io.err() };
}
function replay(lines: readonly object[], ...args: string[]) {
  const file = join(folder, 'recording.jsonl');
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return bus('replay', file, ...args);
}

describe('a replay', () => {
  test('of a whole recording ends with 0 where it is the same', async () => {
    const running = task('b', { status: 'RUNNING' });
    const { code, out } = await replay([RECORDING_HEADER, task('a'), running, END]);
    expect(out).toBe('The same: 1 task and 0 messages.\n');
    expect(code).toBe(0);
  });

  test('ends with 1 where it is another, whole or not', async () => {
    const other = task('a', {
      status: 'FAILED',
      error_details: { code: 'internal', message: 'No.', stack_trace: null },
    });
    expect((await replay([RECORDING_HEADER, other, END])).code).toBe(1);
    expect((await replay([RECORDING_HEADER, other])).code).toBe(1);
  });

  test.each([
    ['was broken off', [RECORDING_HEADER, task('a')]],
    ['has a gap', [RECORDING_HEADER, GAP, task('a'), END]],
    ['lacks the events of a task', [RECORDING_HEADER, task('a'), task('b', { last_seq: 2 }), END]],
  ])('of a recording that %s does not say that all is the same', async (_, lines) => {
    const { code, out } = await replay(lines);
    expect(out).toBe('The same as far as the recording goes, which is not whole: 1 task and 0 messages.\n');
    expect(code).toBe(5);
    expect(JSON.parse((await replay(lines, '--json')).out)).toMatchObject({ same: true, whole: false });
  });

  test('that a MAD refuses is no difference: one line, and 4', async () => {
    isRefused = true;
    const overlapping = ['a', 'b', 'c'].map((id) => task(id, { prompt: id }));
    const { code, out, err } = await replay([RECORDING_HEADER, ...overlapping, END]);
    expect(out).toBe('');
    expect(err).toBe("mad-cli: 'fiedler_converse' needs a scope.\n");
    expect(code).toBe(4);
  });

  test('that meets a defect is no difference either', async () => {
    const io = fakeIo({ env: group.env });
    const broken = {
      ...io,
      stdout: {
        write: () => {
          throw new TypeError('A defect.');
        },
      },
    };
    expect(await runToEnd('mad-cli', runMadCli, ['bus', '--help'], broken)).toBe(4);
    expect(io.err()).toMatch(/^mad-cli: a defect of this command\. TypeError: A defect\.\n +at /);
  });
});

describe('a token that Grace refuses', () => {
  test.each([['export'], ['tail']])('ends %s with 4, and says who refused', async (command) => {
    const grace = await startFoundingServer({
      answer: () => ({}),
      refuse: () => ({ status: 401, body: '{"message":"Nobody is known by this token."}' }),
    });
    const io = fakeIo({ env: { GRACE_URL: grace.url } });
    const file = join(folder, 'all.jsonl');
    const args = ['bus', command, '--token', 'wrong', ...(command === 'export' ? ['--out', file] : [])];
    expect(await runToEnd('mad-cli', runMadCli, args, io)).toBe(4);
    await grace.stop();
    expect(io.err()).toContain(`mad-cli: Grace at ${grace.url} refuses: Nobody is known by this token.\n`);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('another MAD in the place of Grace', () => {
  test.each([
    [{ status: 'error', code: 'unknown_tool', message: 'Unknown tool: grace_subscribe' }, 'Fiedler'],
    [{ status: 'error', message: 'Unknown tool: grace_subscribe' }, 'Fiedler'],
  ])('is named: %j', async (refusal, name) => {
    const status = composeStatus({
      id: 'fiedler',
      title: 'FiedlerV1',
      version: '1',
      instanceId: 'i',
      startedAtMs: 0,
      nowMs: 0,
      stopping: false,
      bus: null,
      facts: {},
    });
    const fiedler = await startFoundingServer({
      answer: ({ tool_name: tool }) => (tool === 'mad_get_status' ? status : refusal),
    });
    const io = fakeIo();
    expect(await runToEnd('mad-cli', runMadCli, ['bus', 'tail', '--url', fiedler.url], io)).toBe(2);
    await fiedler.stop();
    expect(io.err()).toBe(
      `mad-cli: ${fiedler.url} is ${name}, and the bus is shown by Grace: give Grace's address with --url or GRACE_URL.\n`,
    );
  });
});

test('a model whose port is in use says so, and how it is moved', async () => {
  const taken = await startFoundingServer({ answer: () => ({}) });
  const port = new URL(taken.url).port;
  const file = join(folder, 'recording.jsonl');
  writeFileSync(file, [RECORDING_HEADER, task('a'), END].map((line) => `${JSON.stringify(line)}\n`).join(''));
  expect(await bus('model', file, '--port', port)).toMatchObject({
    code: 2,
    err: `mad-cli: Port ${port} is in use. Set --port to move it.\n`,
  });
  expect(await bus('model', file, '--host', '192.0.2.1')).toMatchObject({
    code: 2,
    err: 'mad-cli: --host=192.0.2.1 is no address of this machine.\n',
  });
  await taken.stop();
});
