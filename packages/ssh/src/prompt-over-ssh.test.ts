import { spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from './server.test-support.ts';
import { ssh, startTerminal, type TerminalClient } from './testing/openssh.ts';

let server: TestServer;
const open: TerminalClient[] = [];
beforeAll(async () => {
  server = await startServer();
});
afterAll(async () => {
  for (const client of open) client.child.kill('SIGKILL');
  await server.close();
});

/** Logs in on a terminal, and waits for the prompt. */
async function login(size?: { columns: number; rows: number }): Promise<TerminalClient> {
  const client = startTerminal(server.login(), [], size);
  open.push(client);
  await expect.poll(client.stdout).toContain('toy> ');
  return client;
}
/** What the terminal shows behind what it showed before. */
const since = (client: TerminalClient, mark: number): string => client.stdout().slice(mark);

test('a prompt says what it is, runs commands, and leaves at exit', async () => {
  const client = await login();
  expect(client.stdout()).toContain("Toy V1 is RUNNING. 'help' shows the commands, 'exit' leaves.\r\n");
  client.type('toy-say one\r');
  await expect.poll(client.stdout).toMatch(/one\r\ncolumns 100, terminal true\r\n/);
  client.type('toy-sya\r');
  await expect.poll(client.stdout).toContain('Did you mean toy-say?');
  client.type('exit\r');
  expect((await client.finished).code).toBe(127);
});

test('Ctrl-D leaves', async () => {
  const client = await login();
  client.type('\u0004');
  expect((await client.finished).code).toBe(0);
});

test('Ctrl-C ends what runs, and the prompt is there again', async () => {
  const client = await login();
  client.type('toy-wait\r');
  await expect.poll(client.stdout).toContain('waiting\r\n');
  client.type('\u0003');
  await expect.poll(client.stdout).toMatch(/waiting\r\n\^C\r\n.*toy> /s);
  client.type('toy-say still here\r');
  await expect.poll(client.stdout).toContain('still|here');
});

test('Ctrl-Z does not stop the process behind it', async () => {
  const client = await login();
  client.type('\u001atoy-say awake\r');
  await expect.poll(client.stdout).toContain('awake\r\n');
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(process.pid)], { encoding: 'utf8' });
  expect(stdout).not.toContain('T');
});

test('bus-tail runs until Ctrl-C, as wide as the terminal', async () => {
  const client = await login({ columns: 60, rows: 20 });
  client.type('bus-tail mad.topic.audit\r');
  await expect.poll(client.stdout).toContain('from now on; Ctrl-C ends it');
  const mark = client.stdout().length;
  await ssh(server.login(), ['toy-say', 'x'.repeat(200)]);
  await expect.poll(() => since(client, mark)).toMatch(/mad\.topic\.audit.*toy.*\r\n/);
  client.type('\u0003');
  await expect.poll(() => since(client, mark)).toMatch(/\^C\r\n.*toy> /s);
  const lines = stripVTControlCharacters(since(client, mark)).split('\r\n');
  for (const line of lines.filter((text) => text.includes('mad.topic.audit'))) {
    expect(line.length).toBeLessThanOrEqual(60);
  }
});

test('the arrow brings back what was typed, after a new login too', async () => {
  const client = await login();
  client.type('toy-say remembered\r');
  await expect.poll(client.stdout).toContain('remembered\r\n');
  client.type('\u0004');
  await client.finished;
  const again = await login();
  again.type('\u001b[A\r');
  await expect.poll(again.stdout).toContain('remembered\r\ncolumns');
});

test('Tab completes commands', async () => {
  const client = await login();
  client.type('toy-s\t');
  await expect.poll(client.stdout).toContain('toy-say ');
  client.type('completed\r');
  await expect.poll(client.stdout).toContain('completed\r\ncolumns');
  const mark = client.stdout().length;
  client.type('toy-');
  await expect.poll(() => since(client, mark)).toContain('toy-');
  // Keys that come in one piece are a paste, in which a tab is a tab.
  await expect
    .poll(
      () => {
        client.type('\t');
        return since(client, mark);
      },
      { interval: 500 },
    )
    .toMatch(/toy-say\s+toy-fail\s+toy-break\s+toy-call\s+toy-wait/);
});

test('a terminal that is made wider is wider', async () => {
  const client = await login({ columns: 70, rows: 20 });
  client.type('toy-say a\r');
  await expect.poll(client.stdout).toContain('columns 70,');
  client.resize(133, 40);
  await expect
    .poll(
      () => {
        client.type('toy-say a\r');
        return client.stdout();
      },
      { interval: 500 },
    )
    .toContain('columns 133,');
});

test('one command on a terminal (-t) is interrupted by Ctrl-C, and says so', async () => {
  const client = startTerminal(server.login(), ['toy-wait']);
  open.push(client);
  await expect.poll(client.stdout).toContain('waiting');
  client.type('\u0003');
  expect((await client.finished).code).toBe(130);
});

test('two prompts of one person do not disturb each other', async () => {
  const [first, second] = [await login(), await login()];
  first.type('toy-wait\r');
  await expect.poll(first.stdout).toContain('waiting');
  second.type('toy-say beside\r');
  await expect.poll(second.stdout).toContain('beside\r\n');
  expect(first.stdout()).not.toContain('beside');
});
