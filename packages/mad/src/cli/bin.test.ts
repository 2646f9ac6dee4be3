import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { type FoundingServer, startFoundingServer } from '../client/founding-server.test-support.ts';

const bin = (name: string): string => fileURLToPath(new URL(`../../bin/${name}.mjs`, import.meta.url));

let server: FoundingServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

interface Ended {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

function run(name: string, args: string[], env: Record<string, string>, stdin = ''): Promise<Ended> {
  const child = spawn(process.execPath, [bin(name), ...args], { env });
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => {
    out += data;
  });
  child.stderr.on('data', (data) => {
    err += data;
  });
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode, out, err }));
  });
}

test('mad-status of a process where nothing runs', async () => {
  const ended = await run('mad-status', [], { MAD_ID: 'grace', GRACE_PORT: '1' });
  expect(ended.exitCode).toBe(3);
  expect(ended.out).toMatch(/^\[GraceV0 Status\]\n- MAD Name: grace\n- Status: UNREACHABLE\n- Reason: /);
  expect(ended.err).toBe('');
});

test('mad-cli reads stdin and prints the reply', async () => {
  server = await startFoundingServer({ answer: ({ tool_input }) => ({ status: 'success', ...tool_input }) });
  const env = { GRACE_URL: server.url, MAD_TOKEN: 'abc' };
  const ended = await run('mad-cli', ['grace_poll_messages', '-'], env, '{"client_id": "ü"}');
  expect(ended).toEqual({ exitCode: 0, out: '{\n  "status": "success",\n  "client_id": "ü"\n}\n', err: '' });
  expect(server.authorizations).toEqual(['Bearer abc']);
});

test('mad-cli called wrongly says so on stderr', async () => {
  const ended = await run('mad-cli', ['grace_poll_messages', '{client_id: 1}'], {});
  expect([ended.exitCode, ended.out]).toEqual([2, '']);
  expect(ended.err).toContain(
    'Line 1, column 2: a field name in double quotes is expected.\n  {client_id: 1}\n   ^\n',
  );
});

test('a reader that leaves early is no failure', async () => {
  server = await startFoundingServer({ answer: () => ({ status: 'success', text: 'x'.repeat(1_000_000) }) });
  const child = spawn(process.execPath, [bin('mad-cli'), 'grace_x'], { env: { GRACE_URL: server.url } });
  let err = '';
  child.stderr.on('data', (data) => {
    err += data;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const exitCode = await new Promise((resolve) => child.on('close', resolve));
  expect([exitCode, err]).toEqual([0, '']);
});
