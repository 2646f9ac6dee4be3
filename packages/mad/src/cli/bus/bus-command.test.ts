import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Position, RecordingLine } from '@mad-group/protocol';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { taskView } from '../../recorded-model/recording.test-support.ts';
import { type FakeIo, fakeIo } from '../fake-io.test-support.ts';
import { runMadCli } from '../mad-cli.ts';
import { runToEnd } from '../process-io.ts';
import { type FakeGrace, startFakeGrace } from './fake-grace.test-support.ts';

let folder: string;
let grace: FakeGrace;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mad-bus-'));
  grace = await startFakeGrace(answer);
});
afterEach(async () => {
  await grace.server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const TASK = '6f4710b0-1111-4222-8333-444455556666';
const SECOND = '6f4710b0-2222-4222-8333-444455556666';
let eventsRefused = false;
afterEach(() => {
  eventsRefused = false;
});
/** The MAD that has the tasks: it knows two of them. */
const answer = (tool: string, { task_id: taskId, after }: Record<string, unknown>): object => {
  if (taskId !== TASK && taskId !== SECOND)
    return { status: 'error', code: 'not_found', message: `Task with id '${taskId}' not found.` };
  const error_details = { code: 'internal', message: 'No.', stack_trace: 'Error: at secret.ts' };
  if (tool === 'fiedler_get_task_status') {
    return {
      ...taskView({
        task_id: String(taskId),
        prompt: 'Asked.',
        status: 'FAILED',
        error_details,
        last_seq: 3,
      }),
      owner: 'alice',
    };
  }
  if (eventsRefused) return { status: 'error', code: 'draining', message: 'Come back later.' };
  const events = [1, 2, 3].map((seq) => ({
    seq,
    type: 'token',
    attempt: 1,
    timestamp: '',
    token: `t${seq}`,
  }));
  const rest = events.slice(Number(after));
  return {
    status: 'success',
    task_id: taskId,
    task_status: 'FAILED',
    events: rest,
    next_after: 3,
    done: true,
  };
};
const streamed = (seq: number, payload: Record<string, unknown> = {}, taskId = TASK) =>
  grace.append({
    channel: `mad.stream.${taskId}`,
    senderId: 'fiedler',
    payload: { seq, type: 'token', attempt: 1, timestamp: '', token: 'x', ...payload },
    headers: { owner: 'alice', traceparent: '00-1-2-01' },
  });

function begin(args: readonly string[], given: Parameters<typeof fakeIo>[0] = {}) {
  const io = fakeIo({ ...given, env: { ...grace.env, ...given.env } });
  const ended = runToEnd('mad-cli', runMadCli, ['bus', ...args], io);
  onTestFinished(async () => {
    io.interrupt();
    await ended;
  });
  return { io, ended };
}
async function bus(...args: string[]) {
  const { io, ended } = begin(args);
  const code = await ended;
  return { code, out: io.out(), err: io.err(), lines: linesOf(io) };
}
const linesOf = (io: FakeIo): RecordingLine[] => parse(io.out());
const parse = (text: string): RecordingLine[] =>
  text
    .trimEnd()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as RecordingLine);
const said = (lines: readonly RecordingLine[]): unknown[] =>
  lines.flatMap((line) => (line.type === 'message' ? [line.message.payload.n] : []));
const fill = (from: number, to: number): void => {
  for (let n = from; n < to; n += 1) grace.append({ payload: { n } });
};
const GAP = {
  reason: 'trimmed',
  from: 'epoch-1:1000-1' as Position,
  to: 'epoch-1:2000-9' as Position,
} as const;

describe('tail', () => {
  test('begins now, prints what comes, and ends at Ctrl-C with 0', async () => {
    fill(0, 5);
    const { io, ended } = begin(['tail']);
    await vi.waitFor(() => expect(grace.clients.size).toBe(1));
    await vi.waitFor(() => expect(grace.server.requests.length).toBeGreaterThan(1));
    fill(5, 12);
    await vi.waitFor(() => expect(said(linesOf(io))).toEqual([5, 6, 7, 8, 9, 10, 11]));
    io.interrupt();
    expect(await ended).toBe(0);
    expect(io.err()).toBe('');
    await vi.waitFor(() => expect(grace.clients.size).toBe(0));
  });

  test('goes on over lost connections without loss or repetition, and says so', async () => {
    const { io } = begin(['tail', '--since', '1h']);
    for (let round = 0; round < 3; round += 1) {
      fill(round * 5, round * 5 + 5);
      await vi.waitFor(() => expect(said(linesOf(io)).filter((n) => n !== -1)).toHaveLength(round * 5 + 5), {
        timeout: 20_000,
      });
      grace.breakOff();
      grace.append({ payload: { n: -1 }, channel: 'mad.topic.other' });
    }
    fill(15, 20);
    await vi.waitFor(() => expect(said(linesOf(io)).filter((n) => n !== -1)).toHaveLength(20), {
      timeout: 20_000,
    });
    expect(said(linesOf(io)).filter((n) => n !== -1)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(said(linesOf(io)).filter((n) => n === -1)).toHaveLength(3);
    expect(io.err()).toContain('[connection lost, trying again: ');
  });

  test('prints lines for people on a terminal, without what moves its cursor', async () => {
    grace.append({ senderId: 'fiedler', payload: { text: 'one\u001b[2Jtwo' } });
    grace.lose(GAP);
    const { io } = begin(['tail', '--since', '1h'], { isTTY: true, columns: 120, env: { NO_COLOR: '1' } });
    await vi.waitFor(() =>
      expect(io.out()).toMatch(/fiedler → mad\.topic\.a message {5}\{"text":"one\\u001b\[2Jtwo"\}\n/),
    );
    expect(io.out()).toContain('[gap: the log keeps no longer what came between 1970-01-01T00:00:01.000Z');
  });

  test('ends when nobody reads it any more', async () => {
    const { io, ended } = begin(['tail']);
    await vi.waitFor(() => expect(grace.server.requests.length).toBeGreaterThan(1));
    io.closeStdout();
    expect(await ended).toBe(0);
  });

  test('asks Grace for its patterns, with the token', async () => {
    const { io, ended } = begin([
      'tail',
      'mad.topic.*',
      'mad.direct.me',
      '--token',
      'secret',
      '--until',
      '0s',
    ]);
    expect(await ended).toBe(0);
    expect(io.err()).toBe('');
    expect(grace.server.requests[0]).toMatchObject({
      tool_input: { topics: ['mad.topic.*', 'mad.direct.me'] },
    });
    expect(grace.server.authorizations[0]).toBe('Bearer secret');
  });
});

describe('export', () => {
  test('gives all that the log has, in lines of JSON, with what was asked for before and how much it was behind', async () => {
    fill(0, 7);
    const { code, lines, err } = await bus('export', '--no-tasks');
    expect(code).toBe(0);
    expect(lines[0]).toMatchObject({ type: 'recording', format: 1, patterns: ['mad.#'], since: null });
    expect(said(lines)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(lines.at(-1)).toMatchObject({
      type: 'end',
      messages: 7,
      tasks: 0,
      gaps: 0,
      position: expect.stringMatching(/-7$/),
    });
    expect(err).toMatch(/^7 messages and 0 tasks, from 20\S+Z to 20\S+Z\n$/);
  });

  test('keeps to its span and its ids', async () => {
    const minute = Date.parse('2026-01-31T09:00:00Z');
    const at = (n: number, draft = {}) => grace.append({ payload: { n }, ...draft }, minute + n * 60_000);
    at(0);
    at(1, { correlationId: 'c', conversationId: 'v' });
    at(2, { correlationId: 'c' });
    const third = at(3);
    at(4, { conversationId: 'v' });
    at(5);
    const of = async (...args: string[]) => said((await bus('export', '--no-tasks', ...args)).lines);
    expect(await of('--since', '2026-01-31T09:01:00Z', '--until', '2026-01-31T09:04:00Z')).toEqual([
      1, 2, 3, 4,
    ]);
    expect(await of('--after', third.position)).toEqual([4, 5]);
    expect(await of('--correlation', 'c')).toEqual([1, 2]);
    expect(await of('--conversation', 'v')).toEqual([1, 4]);
    expect(await of('--correlation', 'none')).toEqual([]);
  });

  test('tells of a gap on its own line, on stderr, and by its exit code', async () => {
    fill(0, 2);
    grace.lose(GAP);
    const { code, lines, err } = await bus('export', '--no-tasks', '--since', '1h');
    expect(code).toBe(1);
    expect(lines.map(({ type }) => type)).toEqual(['recording', 'gap', 'message', 'message', 'end']);
    expect(lines[1]).toEqual({ type: 'gap', gap: GAP });
    expect(lines.at(-1)).toMatchObject({ gaps: 1 });
    expect(err).toContain('[gap: the log keeps no longer');
    expect(err).toContain('Not whole: a piece of the log is gone');
  });

  test('takes a log that began later for whole, where no beginning was asked for', async () => {
    fill(0, 1);
    grace.lose({ ...GAP, from: null });
    expect(await bus('export', '--no-tasks')).toMatchObject({ code: 0 });
    grace.lose({ ...GAP, from: null });
    const asked = await bus('export', '--no-tasks', '--since', '1h');
    expect(asked.code).toBe(1);
    expect(asked.err).toContain('between the time asked for and');
  });

  test('asks for the tasks, and for events that are not among the messages', async () => {
    streamed(1);
    streamed(3, { type: 'state', status: 'FAILED', token: '' });
    const { code, lines, out } = await bus('export');
    expect(code).toBe(0);
    expect(lines.map(({ type }) => type)).toEqual([
      'recording',
      'message',
      'message',
      'task',
      'task_events',
      'end',
    ]);
    expect(lines[3]).toMatchObject({ mad: 'fiedler', task: { prompt: 'Asked.' } });
    expect(lines[4]).toMatchObject({ task_id: TASK, events: [{ seq: 2 }, { seq: 3 }] });
    expect(lines[1]).toMatchObject({ message: { headers: { traceparent: '00-1-2-01' } } });
    for (const secret of ['alice', 'secret.ts']) expect(out).not.toContain(secret);
  });

  test('says which tasks it could not ask for, and why', async () => {
    streamed(1, { type: 'state', status: 'COMPLETED' }, 'another');
    grace.append({
      channel: 'mad.direct.me',
      senderId: 'librarian',
      payload: { notification_type: 'task_update', task_id: 'x', status: 'COMPLETED' },
    });
    const { code, lines, err } = await bus('export');
    expect(code).toBe(1);
    expect(lines.at(-1)).toMatchObject({ messages: 2, tasks: 0 });
    expect(err).toContain(
      '1 task of fiedler not whole, so that they cannot be replayed: fiedler has them no longer',
    );
    expect(err).toContain(
      "1 task of librarian not whole, so that they cannot be replayed: No MAD 'librarian' is known.",
    );
  });

  test('keeps what it has where the events of a task cannot be had, and says which', async () => {
    eventsRefused = true;
    streamed(2, { type: 'state', status: 'FAILED', token: '' });
    const { code, lines, err } = await bus('export');
    expect(code).toBe(1);
    expect(lines.map(({ type }) => type)).toEqual(['recording', 'message', 'task', 'end']);
    expect(err).toContain('1 task of fiedler not whole, so that they cannot be replayed: Come back later.');
  });

  test('writes a file that is there when it is whole, for its owner alone', async () => {
    fill(0, 4);
    const file = join(folder, 'all.jsonl');
    const { code, out, err } = await bus('export', '--no-tasks', '--out', file);
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(err).toMatch(/^\S+all\.jsonl: 4 messages and 0 tasks/);
    expect(said(parse(readFileSync(file, 'utf8')))).toEqual([0, 1, 2, 3]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['all.jsonl']);
  });

  test('says so where its file cannot be had in the end, also at Ctrl-C', async () => {
    fill(0, 9);
    const file = join(folder, 'all.jsonl');
    const { io, ended } = begin(['export', '--follow', '--no-tasks', '--out', file]);
    await vi.waitFor(() => expect(said(parse(readFileSync(partOf(folder), 'utf8')))).toHaveLength(9));
    rmSync(partOf(folder));
    io.interrupt();
    expect(await ended).toBe(4);
    expect(io.err()).toMatch(/all\.jsonl cannot be written: no such file or directory\.\n$/);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('leaves a file alone that is there', async () => {
    const file = join(folder, 'mine.jsonl');
    writeFileSync(file, 'mine');
    const { code, err } = await bus('export', '--out', file);
    expect(code).toBe(2);
    expect(err).toContain('mine.jsonl is there already: give another name with --out.');
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('broken off by Ctrl-C leaves nothing behind', async () => {
    fill(0, 30);
    const file = join(folder, 'all.jsonl');
    grace.fallSilentAfter(3);
    const { io, ended } = begin(['export', '--out', file]);
    await vi.waitFor(() => expect(said(parse(readFileSync(partOf(folder), 'utf8')))).toHaveLength(9));
    io.interrupt();
    expect(await ended).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('that follows is complete when it is ended, with the tasks of then', async () => {
    fill(0, 4);
    const file = join(folder, 'all.jsonl');
    const { io, ended } = begin(['export', '--follow', '--out', file]);
    await vi.waitFor(() => expect(grace.server.requests.length).toBeGreaterThan(3));
    streamed(1);
    await vi.waitFor(() => expect(readFileSync(partOf(folder), 'utf8')).toContain(TASK));
    expect(existsSync(file)).toBe(false);
    io.interrupt();
    expect(await ended).toBe(0);
    const lines = parse(readFileSync(file, 'utf8'));
    expect(lines.map(({ type }) => type).slice(-3)).toEqual(['task', 'task_events', 'end']);
    expect(lines.at(-1)).toMatchObject({ messages: 5, tasks: 1 });
  });

  test('that follows asks for tasks also after its MAD was away', async () => {
    const { io, ended } = begin(['export', '--follow']);
    const tasks = () => linesOf(io).flatMap((line) => (line.type === 'task' ? [line.task.task_id] : []));
    await vi.waitFor(() => expect(grace.clients.size).toBe(1));
    streamed(1, { type: 'state', status: 'FAILED' });
    await vi.waitFor(() => expect(tasks()).toEqual([TASK]));
    grace.breakOff();
    streamed(1, { type: 'state', status: 'FAILED' }, SECOND);
    await vi.waitFor(() => expect(tasks()).toEqual([TASK, SECOND]), { timeout: 5_000 });
    io.interrupt();
    expect(await ended).toBe(0);
  });

  test('ends when nobody reads it any more', async () => {
    fill(0, 100);
    grace.fallSilentAfter(3);
    const { io, ended } = begin(['export']);
    await vi.waitFor(() => expect(said(linesOf(io))).toHaveLength(9));
    io.closeStdout();
    expect(await ended).toBe(0);
    expect(io.out()).not.toContain('"type":"end"');
  });
});

const partOf = (of: string): string =>
  join(of, readdirSync(of).find((name) => name.includes('.part-')) ?? '');

describe('a reader that takes its time', () => {
  test.each(['export', 'tail'])('does not fill the memory of %s', async (command) => {
    fill(0, 100);
    const reader = Promise.withResolvers<void>();
    let pages = 0;
    // It takes two pages, or a first line and a page, and then nothing.
    const stdoutTaken = () => {
      pages += 1;
      return pages < 2 ? Promise.resolve() : reader.promise;
    };
    const polls = () => grace.server.requests.filter((each) => each.tool_name === 'grace_poll_messages');
    const { io } = begin([command, '--since', '1h'], { stdoutTaken });
    await vi.waitFor(() => expect(pages).toBe(2));
    const asked = polls().length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(polls()).toHaveLength(asked);
    reader.resolve();
    await vi.waitFor(() => expect(said(linesOf(io))).toHaveLength(100));
  });
});

describe('called wrongly', () => {
  test.each([
    [[], 'bus takes one of tail, export, model, replay'],
    [['listen'], 'There is no bus listen: tail, export, model, replay.'],
    [['tail', '--out', 'x'], '--out is for bus export, not for bus tail.'],
    [['export', '--port', '1'], '--port is for bus model, not for bus export.'],
    [['replay', '--since', '1h'], '--since is for bus tail and bus export, not for bus replay.'],
    [['tail', '--since', 'noon'], '--since takes how long ago'],
    [['tail', '--loud'], 'There is no option --loud.'],
    [['model'], 'bus model takes one recording: mad-cli bus model FILE'],
    [['replay', 'a', 'b'], 'bus replay takes one recording'],
    [['replay', '/nowhere.jsonl'], '/nowhere.jsonl cannot be read'],
    [['model', '/nowhere.jsonl', '--port', 'x'], "--port takes a number from 0 to 65535, not 'x'."],
    [
      ['export', '--out', '/nowhere/x.jsonl'],
      '/nowhere/x.jsonl cannot be written: the folder /nowhere does not exist.\n',
    ],
    [['tail', 'topic'], "'topic' is no pattern of the bus: those are channels (mad.topic.audit), beginnings"],
    [['export', 'mad.#', 'topic'], "'topic' is no pattern of the bus"],
    [['export', '--correlation', ''], '--correlation is empty: give it a value, or leave it out.'],
    [['tail', '--conversation='], '--conversation is empty'],
    [['export', '--out', ''], '--out is empty'],
    [['model', 'x.jsonl', '--host', ''], '--host is empty'],
    [['tail', '--since', '2999-01-01'], "--since '2999-01-01' is in the future: it is "],
  ])('%j is told what is wrong', async (args, words) => {
    const { code, err, out } = await bus(...args);
    expect(err).toContain(words);
    expect(code).toBe(2);
    expect(out).toBe('');
  });

  test('a Grace that is not there is named, with the key that moves it', async () => {
    await grace.server.stop();
    const io = fakeIo({ env: { GRACE_PORT: '1' } });
    expect(await runToEnd('mad-cli', runMadCli, ['bus', 'tail'], io)).toBe(3);
    expect(io.err()).toContain('set GRACE_URL or --url.');
  });

  test.each([
    [['bus', '--help'], 'mad-cli bus: the flight recorder'],
    [['help', 'bus'], 'mad-cli bus: the flight recorder'],
    [['bus', 'tail', '--help'], 'mad-cli bus tail [PATTERN…]'],
    [['help', 'bus', 'export'], 'mad-cli bus export [PATTERN…]'],
    [['--token', 'x', 'bus', 'model', '-h'], 'mad-cli bus model FILE'],
    [['bus', 'replay', '--help'], 'mad-cli bus replay FILE'],
  ])('%j helps', async (args, words) => {
    const io = fakeIo();
    expect(await runToEnd('mad-cli', runMadCli, args, io)).toBe(0);
    expect(io.out().startsWith(words)).toBe(true);
    for (const line of io.out().split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });
});
