import type { TaskEvent, TaskStatus } from '@mad-group/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { type FoundingServer, startFoundingServer } from '../client/founding-server.test-support.ts';
import { connectTools } from '../client/tool-client.ts';
import { type FakeIo, fakeIo } from './fake-io.test-support.ts';
import { followTask } from './follow.ts';
import { runMadCli } from './mad-cli.ts';

const toStop: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

type Draft = Partial<TaskEvent> & { type: TaskEvent['type'] };
const token = (text: string, attempt = 1): Draft => ({ type: 'token', token: text, attempt });

interface Scenario {
  readonly events: Draft[];
  readonly end?: TaskStatus;
  readonly error?: { message: string; code: string };
  readonly pageSize?: number;
  /** Called before each page, with the number that the reader goes on behind. */
  readonly beforePage?: (after: number, socket: WebSocket) => Promise<void> | void;
}

async function serveTask(scenario: Scenario): Promise<FoundingServer> {
  const end = scenario.end ?? 'COMPLETED';
  const events = scenario.events.map((event, index) => ({
    seq: index + 1,
    attempt: 1,
    timestamp: '2026-01-31T09:05:03Z',
    token: '',
    ...event,
  }));
  const server = await startFoundingServer({
    answer: async ({ tool_name, tool_input }, socket) => {
      if (tool_name === 'fiedler_converse') return { status: 'pending', task_id: 't-1' };
      if (tool_name === 'fiedler_get_task_status') {
        const times = { started_at: '2026-01-31T09:05:03Z', finished_at: '2026-01-31T09:05:05Z' };
        return {
          task_id: 't-1',
          status: end,
          ...times,
          error_details: scenario.error ? { ...scenario.error, stack_trace: null } : null,
        };
      }
      if (tool_name !== 'fiedler_get_task_events') {
        return { status: 'error', message: `No tool ${tool_name}.`, code: 'conflict' };
      }
      const after = Number(tool_input.after ?? 0);
      await scenario.beforePage?.(after, socket);
      const page = events.slice(after, after + (scenario.pageSize ?? 1));
      const next = after + page.length;
      const done = next >= events.length;
      return {
        status: 'success',
        task_id: 't-1',
        task_status: done ? end : 'STREAMING',
        events: page,
        next_after: next,
        done,
      };
    },
  });
  toStop.push(() => server.stop());
  return server;
}

const follow = (server: FoundingServer, io: FakeIo, ...args: string[]): Promise<number> =>
  runMadCli(['--url', server.url, '--follow', 'fiedler_converse', '{"prompt": "hi"}', ...args], io);

test('tokens come out as they come, the final state on stderr', async () => {
  const seen: string[] = [];
  const io = fakeIo();
  const server = await serveTask({
    events: [{ type: 'state' }, token('Hel'), token('lo'), token('.')],
    beforePage: () => void seen.push(io.out()),
  });
  expect(await follow(server, io)).toBe(0);
  expect(io.out()).toBe('Hello.\n');
  expect(seen).toEqual(['', '', 'Hel', 'Hello']);
  expect(io.err()).toBe('[COMPLETED] task t-1, 2.0 s\n');
});

test('a tool that waits for its answer is followed as the task that it makes', async () => {
  const io = fakeIo();
  const server = await serveTask({ events: [token('Hello.')] });
  expect(await runMadCli(['--url', server.url, '--follow', 'fiedler_ask', '{"prompt": "hi"}'], io)).toBe(0);
  expect(io.out()).toBe('Hello.\n');
});

test('a task that failed ends with 1 and the words of its error', async () => {
  const io = fakeIo();
  const server = await serveTask({
    events: [{ type: 'state' }],
    end: 'FAILED',
    error: { message: 'The provider refused the key.', code: 'provider_auth' },
  });
  expect(await follow(server, io)).toBe(1);
  expect(io.out()).toBe('');
  expect(io.err()).toBe('[FAILED] task t-1, 2.0 s\nThe provider refused the key. (provider_auth)\n');
});

test('a new attempt says that it starts over: on the terminal, and on stderr of a pipe', async () => {
  const events = [
    { type: 'attempt', attempt: 1 },
    token('Old te'),
    { type: 'attempt', attempt: 2 },
    token('New text', 2),
  ] as Draft[];
  const terminal = fakeIo({ isTTY: true, env: { NO_COLOR: '1' } });
  await follow(await serveTask({ events }), terminal);
  expect(terminal.out()).toBe('Old te\n[attempt 2: starting over]\nNew text\n');
  const pipe = fakeIo();
  await follow(await serveTask({ events }), pipe);
  expect(pipe.out()).toBe('Old te\nNew text\n');
  expect(pipe.err()).toContain('[attempt 2: starting over]\n');
});

test('a lost connection is made again and the text goes on where it was', async () => {
  let lost = 0;
  const server = await serveTask({
    events: [token('one '), token('two '), token('three')],
    beforePage: (after, socket) => {
      if (after === 0 || lost >= after) return;
      lost += 1;
      socket.terminate();
    },
  });
  const io = fakeIo();
  const connect = () => connectTools(server.url);
  const options = { toolPrefix: 'fiedler', taskId: 't-1', after: 0, json: false, connect, retryMs: 1 };
  expect(await followTask(await connect(), options, io)).toBe(0);
  expect(io.out()).toBe('one two three\n');
  expect(lost).toBe(2);
  expect(io.err()).toContain('[connection lost, trying again: ');
});

test('a MAD that stays away is given up', async () => {
  const server = await serveTask({ events: [token('one')], beforePage: () => new Promise(() => undefined) });
  const first = await connectTools(server.url);
  const connect = () => connectTools(server.url);
  const options = {
    toolPrefix: 'fiedler',
    taskId: 't-1',
    after: 0,
    json: false,
    connect,
    retryMs: 1,
    giveUpMs: 20,
  };
  const following = followTask(first, options, fakeIo());
  await Promise.all([expect(following).rejects.toMatchObject({ code: 'unreachable' }), server.stop()]);
});

test('Ctrl-C leaves the task running and says how to come back', async () => {
  const io = fakeIo();
  const server = await serveTask({
    events: [token('one'), token('two')],
    beforePage: (after) => (after === 1 ? new Promise<void>(() => undefined) : undefined),
  });
  const following = follow(server, io);
  await vi.waitFor(() => expect(io.out()).toBe('one'));
  io.interrupt();
  expect(await following).toBe(130);
  expect(io.err()).toContain('mad-cli --follow fiedler_get_task_events task_id=t-1 after=1]');
});

test('an earlier task is followed from any of its events', async () => {
  const io = fakeIo();
  const server = await serveTask({ events: [token('one '), token('two')] });
  const args = ['--url', server.url, '--follow', 'fiedler_get_task_events', '{"task_id": "t-1", "after": 1}'];
  expect(await runMadCli(args, io)).toBe(0);
  expect(io.out()).toBe('two\n');
  expect(server.requests.map(({ tool_name }) => tool_name)).not.toContain('fiedler_converse');
});

test('with --json each event is a line', async () => {
  const io = fakeIo();
  await follow(await serveTask({ events: [{ type: 'state' }, token('one')], pageSize: 10 }), io, '--json');
  const lines = io
    .out()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ seq, type, token: text }) => [seq, type, text])).toEqual([
    [1, 'state', ''],
    [2, 'token', 'one'],
  ]);
});

test('a terminal never sees the escape sequences of a model', async () => {
  const events = [token('a\u001b]0;owned\u0007b\n\tc')];
  const terminal = fakeIo({ isTTY: true });
  await follow(await serveTask({ events }), terminal);
  expect(terminal.out()).toBe('a]0;ownedb\n\tc\n');
  const pipe = fakeIo();
  await follow(await serveTask({ events }), pipe);
  expect(pipe.out()).toBe('a\u001b]0;owned\u0007b\n\tc\n');
});

test('what the task does besides is told on stderr, and leaves the text as it is', async () => {
  const events = [
    { type: 'plan', note: 'made in 3 steps' } as Draft,
    token('a '),
    { type: 'tool_call', name: 'rogers_get_stats' } as Draft,
    token('b'),
  ];
  const io = fakeIo({ stderrIsTTY: true, env: { NO_COLOR: '1' } });
  await follow(await serveTask({ events }), io);
  expect(io.out()).toBe('a b\n');
  expect(io.err()).toBe(
    '[plan: made in 3 steps]\n[asks the tool rogers_get_stats]\n[COMPLETED] task t-1, 2.0 s\n',
  );
});
