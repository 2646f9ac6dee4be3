import type { MadStatus } from '@mad-group/protocol';
import { afterEach, expect, test } from 'vitest';
import { type FoundingServerOptions, startFoundingServer } from '../client/founding-server.test-support.ts';
import { fakeIo } from './fake-io.test-support.ts';
import { runMadStatus } from './mad-status.ts';
import { runToEnd } from './process-io.ts';

const toStop: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

const fiedler: MadStatus = {
  status: 'success',
  mad_id: 'fiedler',
  title: 'FiedlerV1',
  version: '1.2.3',
  instance_id: 'i',
  uptime_s: 200,
  health: 'HEALTHY',
  bus: { kind: 'redis', connected: true, since: null },
  sequential_thinking_connected: true,
  database: 'OK',
  provider: 'gpt-4o-mini at OpenAI',
  details: { running_tasks: 3 },
};
const grace: MadStatus = {
  ...fiedler,
  mad_id: 'grace',
  title: 'GraceV0',
  sequential_thinking_connected: null,
  database: null,
  provider: null,
  details: {},
};

async function serve(answer: object, options: Partial<FoundingServerOptions> = {}): Promise<string> {
  const server = await startFoundingServer({ answer: () => answer, ...options });
  toStop.push(() => server.stop());
  return server.url;
}

async function unusedUrl(): Promise<string> {
  const server = await startFoundingServer({ answer: () => ({}) });
  await server.stop();
  return server.url;
}

test('the lines are those of the guide, in its order, then further facts', async () => {
  const io = fakeIo({ env: { MAD_ID: 'fiedler', FIEDLER_URL: await serve(fiedler) } });
  expect(await runMadStatus([], io)).toBe(0);
  expect(io.out()).toBe(
    `[FiedlerV1 Status]
- MAD Name: fiedler
- Status: HEALTHY
- Conversation Bus Connected: True
- Sequential Thinking Connected: True
- Database Status: OK
- Conversation Bus: redis
- Model Provider: gpt-4o-mini at OpenAI
- Version: 1.2.3
- Uptime: 3 min 20 s
- Running Tasks: 3
`,
  );
});

test('a MAD shows only the lines of what it has', async () => {
  const io = fakeIo({ env: { GRACE_URL: await serve(grace) } });
  expect(await runMadStatus(['--mad', 'grace'], io)).toBe(0);
  expect(io.out()).toMatch(
    /^\[GraceV0 Status\]\n- MAD Name: grace\n- Status: HEALTHY\n- Conversation Bus Connected: True\n- Conversation Bus: redis\n/,
  );
  expect(io.out()).not.toMatch(/Sequential|Database|Provider/);
});

test('what is not well shows, and ends with 1', async () => {
  const bus = { kind: 'redis', connected: false, since: null };
  const url = await serve({
    ...fiedler,
    health: 'DEGRADED',
    bus,
    sequential_thinking_connected: false,
    database: 'disk is full',
  });
  const io = fakeIo();
  expect(await runMadStatus(['--url', url], io)).toBe(1);
  expect(io.out()).toContain(
    '- Status: DEGRADED\n- Conversation Bus Connected: False\n- Sequential Thinking Connected: False\n- Database Status: disk is full\n',
  );
});

test('a MAD that cannot be reached says so and why, and ends with 3', async () => {
  const url = await unusedUrl();
  const io = fakeIo({ env: { MAD_ID: 'fiedler', FIEDLER_URL: url } });
  expect(await runMadStatus([], io)).toBe(3);
  expect(io.out()).toBe(
    `[FiedlerV1 Status]\n- MAD Name: fiedler\n- Status: UNREACHABLE\n- Reason: ${url} cannot be reached: connection refused (is it running?).\n`,
  );
});

test('a MAD that does not answer in time counts as not reached', async () => {
  const server = await startFoundingServer({ answer: () => new Promise(() => undefined) });
  toStop.push(() => server.stop());
  const io = fakeIo();
  expect(await runMadStatus(['--url', server.url, '--timeout', '50'], io)).toBe(3);
  expect(io.out()).toContain('mad_get_status did not answer within 0.05 s.');
});

test('a caller who is refused reads the words of the server, and ends with 1', async () => {
  const refuse = () => ({ status: 401, body: '{"message":"A bearer token is needed."}' });
  const io = fakeIo({ env: { FIEDLER_URL: await serve({}, { refuse }) } });
  expect(await runMadStatus(['--mad', 'fiedler'], io)).toBe(1);
  expect(io.out()).toContain(
    '- Status: UNKNOWN\n- Reason: A bearer token is needed. Give your token in MAD_TOKEN,',
  );
});

test('without a name all four are asked, and the worst of them is the exit code', async () => {
  const [up, away] = [await serve(grace), await unusedUrl()];
  const env = { GRACE_URL: up, ROGERS_URL: up, FIEDLER_URL: away, SEQUENTIAL_THINKING_URL: up };
  const io = fakeIo({ env });
  expect(await runMadStatus([], io)).toBe(3);
  expect(io.out().match(/^\[.*\]$/gm)).toEqual([
    '[GraceV0 Status]',
    '[GraceV0 Status]',
    '[FiedlerV1 Status]',
    '[GraceV0 Status]',
  ]);
});

test('MADs are named by an option or by words, in the order in which they are named', async () => {
  const url = await serve(fiedler);
  const env = { MAD_ID: 'rogers', GRACE_URL: await serve(grace), FIEDLER_URL: url };
  const words = fakeIo({ env });
  expect(await runMadStatus(['fiedler', 'Grace'], words)).toBe(0);
  expect(words.out().match(/^\[.*\]$/gm)).toEqual(['[FiedlerV1 Status]', '[GraceV0 Status]']);
  const option = fakeIo({ env });
  expect(await runMadStatus(['--mad', 'fiedler'], option)).toBe(0);
  expect(option.out()).toMatch(/^\[FiedlerV1 Status\]/);
  const help = fakeIo();
  expect(await runMadStatus(['help'], help)).toBe(0);
  expect(help.out()).toContain('mad-status NAME …');
});

test('--json gives the facts, of those that are away too', async () => {
  const io = fakeIo({ env: { MAD_ID: 'fiedler', FIEDLER_URL: await serve(fiedler) } });
  await runMadStatus(['--json'], io);
  expect(JSON.parse(io.out())).toEqual(fiedler);

  const away = fakeIo({ env: { MAD_ID: 'fiedler', FIEDLER_URL: await unusedUrl() } });
  expect(await runMadStatus(['--json'], away)).toBe(3);
  expect(JSON.parse(away.out())).toMatchObject({ status: 'error', mad_id: 'fiedler', health: 'UNREACHABLE' });
});

test('colours never part what scripts look for, and are off with NO_COLOR', async () => {
  const url = await serve(fiedler);
  const terminal = fakeIo({ isTTY: true });
  await runMadStatus(['--url', url], terminal);
  expect(terminal.out()).toContain('\u001b[32m- Status: HEALTHY\u001b[39m');
  const plain = fakeIo({ isTTY: true, env: { NO_COLOR: '1' } });
  await runMadStatus(['--url', url], plain);
  expect(plain.out()).not.toContain('\u001b');
});

test('the token of the environment goes along', async () => {
  const server = await startFoundingServer({ answer: () => fiedler });
  toStop.push(() => server.stop());
  await runMadStatus(['--url', server.url], fakeIo({ env: { MAD_TOKEN: 'abc' } }));
  expect(server.authorizations).toEqual(['Bearer abc']);
});

test.each([
  [['--nonsense']],
  [['--mad', 'nobody']],
  [['nobody']],
  [['a', 'b', '--url', 'ws://127.0.0.1:1']],
  [['--timeout', 'soon']],
])('%j is a wrong call and ends with 2', async (args) => {
  const io = fakeIo();
  expect(await runToEnd('mad-status', runMadStatus, args, io)).toBe(2);
  expect(io.err()).toMatch(/^mad-status: /);
});
