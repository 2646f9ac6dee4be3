import { createEnvelope } from '@mad-group/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from './server.test-support.ts';
import { ssh, startSsh } from './testing/openssh.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

test('a command prints on its streams and gives its exit code', async () => {
  expect(await ssh(server.login(), ['toy-say', 'one', '"two three"'])).toMatchObject({
    code: 0,
    stdout: 'one|two three\n',
    stderr: expect.stringContaining('columns Infinity, terminal false\n'),
  });
  expect(await ssh(server.login(), ['toy-fail'])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: 'toy-fail: that was wrong; say it like this.\n',
  });
});

test('a wrong command says what there is, and what may have been meant', async () => {
  const { code, stderr } = await ssh(server.login(), ['toy-sya']);
  expect(code).toBe(127);
  expect(stderr).toBe(
    "There is no command 'toy-sya'. Did you mean toy-say? There are: toy-say, toy-fail, toy-break, toy-call, toy-wait, flood, bus-tail, help, exit.\n",
  );
});

test('help lists the commands, and says of one how it is typed', async () => {
  const { code, stdout } = await ssh(server.login(), ['help']);
  expect(code).toBe(0);
  expect(stdout).toContain('Commands of Toy V1:\n\n  toy-say WORD …');
  expect((await ssh(server.login(), ['help', 'flood'])).stdout).toContain('flood LINES');
  expect((await ssh(server.login(), ['flood', '--help'])).stdout).toContain('flood LINES');
  expect((await ssh(server.login(), ['help', 'nothing'])).code).toBe(127);
});

test('a defect is one line for the person, and its trace in the log', async () => {
  const { code, stderr } = await ssh(server.login(), ['toy-break']);
  expect([code, stderr]).toEqual([1, 'An internal error occurred; the log has the trace.\n']);
  expect(server.lines.find(({ message }) => message === 'An SSH command failed')?.facts.err).toBeInstanceOf(
    TypeError,
  );
});

test('tools are called for the key’s owner, under the id of the connection', async () => {
  const { stdout } = await ssh(server.login(), ['toy-call']);
  const reply = JSON.parse(stdout) as Record<string, unknown>;
  expect(reply).toMatchObject({ tool: 'toy_echo', caller: 'ssh:ada@test' });
  expect(server.lines.some(({ facts }) => facts.session_id === reply.correlation_id)).toBe(true);
});

test('each action is written down, from the login to the logout', async () => {
  await ssh(server.login(), ['toy-say', 'hello']);
  const id = server.lines.find(({ facts }) => facts.command === 'toy-say hello')?.facts.session_id;
  const own = () => server.lines.filter(({ facts }) => facts.session_id === id);
  await expect.poll(() => own().at(-1)?.facts.event).toBe('ssh_logout');
  expect(own().map(({ facts }) => facts.event)).toEqual([
    'ssh_login',
    'ssh_command',
    'ssh_command_ended',
    'ssh_logout',
  ]);
  for (const { facts } of own()) {
    expect(facts).toMatchObject({
      address: '127.0.0.1',
      user: 'mad',
      key_fingerprint: server.key.fingerprint,
      key_comment: 'ada@test',
    });
  }
  expect(own()[2]?.facts).toMatchObject({ command: 'toy-say hello', exit_code: 0 });
  const { items } = await server.bus.readOnce({
    from: 'start',
    patterns: () => ['mad.topic.audit'],
    maxBatch: 1000,
  });
  const published = items.filter((item) => item.kind === 'message' && item.envelope.correlation_id === id);
  expect(published).toHaveLength(4);
  expect(published[1]).toMatchObject({
    envelope: { payload: { command: 'toy-say hello', key_fingerprint: server.key.fingerprint } },
  });
});

test('lines that are piped in without a terminal are run one after another', async () => {
  const { code, stdout } = await ssh(server.login(), [], 'toy-say one\n\ntoy-say two\ntoy-fail\n');
  expect([code, stdout]).toEqual([2, 'one\ntwo\n']);
});

test('bus-tail shows what comes, and the audit of its own start', async () => {
  const tail = startSsh(server.login(), ['bus-tail', 'mad.topic.*', '--json']);
  const say = (topic: string) =>
    server.bus.publish(createEnvelope({ channel: topic, senderId: 'grace', payload: { text: 'h\u009bi' } }));
  await expect
    .poll(async () => {
      await say('mad.direct.ada');
      await say('mad.topic.news');
      return tail.stdout();
    })
    .toContain('mad.topic.news');
  await tail.kill();
  const messages = tail
    .stdout()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(messages.find(({ channel }) => channel === 'mad.topic.news')).toMatchObject({
    sender_id: 'grace',
    payload: { text: 'h\u009bi' },
    position: expect.any(String),
  });
  expect(messages.some(({ channel }) => channel === 'mad.direct.ada')).toBe(false);
  await expect.poll(server.audited).toContainEqual({
    event: 'ssh_command_ended',
    command: 'bus-tail mad.topic.* --json',
    exit_code: 130,
    duration_ms: expect.any(Number),
  });
});

test('bus-tail refuses what is no pattern', async () => {
  const { code, stderr } = await ssh(server.login(), ['bus-tail', 'news']);
  expect([code, stderr]).toEqual([2, expect.stringContaining("'news' is no pattern of the bus")]);
});

test('a reader that stops reading stops what is written; then it gets all of it, in order', async () => {
  const LINES = 200_000;
  const client = startSsh(server.login(), ['flood', String(LINES)]);
  await expect.poll(server.flooded).toBeGreaterThan(0);
  client.child.kill('SIGSTOP');
  // The SSH window of 2 MiB and what sockets hold; 200,000 lines would be 20 MB.
  let stuckAt = -1;
  await expect
    .poll(
      () => {
        const moved = server.flooded() !== stuckAt;
        stuckAt = server.flooded();
        return moved;
      },
      { interval: 500 },
    )
    .toBe(false);
  expect(stuckAt).toBeLessThan(LINES / 2);
  client.child.kill('SIGCONT');
  const { code, stdout } = await client.finished;
  expect(code).toBe(0);
  const numbers = stdout
    .trimEnd()
    .split('\n')
    .map((line) => Number(line.slice(0, 9)));
  expect(numbers).toEqual(Array.from({ length: LINES }, (_, index) => index + 1));
});

test('keys are renewed under way without a loss', async () => {
  const login = server.login({ options: ['-o', 'RekeyLimit=64K', '-v'] });
  const { code, stdout, stderr } = await ssh(login, ['flood', '100000']);
  expect(code).toBe(0);
  expect(stdout.trimEnd().split('\n')).toHaveLength(100_000);
  expect(stderr.match(/SSH2_MSG_NEWKEYS received/g)?.length).toBeGreaterThan(5);
});
