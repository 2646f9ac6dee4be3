// The administration over SSH, as people use it: OpenSSH's own client at real processes.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LLMock } from '@copilotkit/aimock';
import { connectTools, type ToolClient } from '@mad-group/mad';
import { type KeyPair, type Login, makeKey, ssh, startSsh, startTerminal } from '@mad-group/ssh/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../kit/free-ports.ts';
import { type Group, startGroup } from '../kit/group.ts';
import { run } from '../kit/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'mad-ssh-system-'));
const authorizedKeys = join(folder, 'authorized_keys');
const dataDir = join(folder, 'data');
let key: KeyPair;
let ports: { fiedler: number; rogers: number };
let model: LLMock;

beforeAll(async () => {
  key = makeKey(folder, 'ada');
  writeFileSync(authorizedKeys, `${key.line}\n`);
  const [fiedler, rogers] = (await freePorts(2)) as [number, number];
  ports = { fiedler, rogers };
  model = new LLMock({ port: 0, chunkSize: 3 });
  model.onMessage('hello', { content: 'Hello to you too.' });
  model.onMessage('slowly', { content: 'word '.repeat(600) }, { latency: 50 });
  await model.start();
});
afterAll(async () => {
  await model.stop();
  rmSync(folder, { recursive: true, force: true });
});

const start = (env: Record<string, string> = {}): Promise<Group> =>
  startGroup(
    {
      SSH_AUTHORIZED_KEYS: authorizedKeys,
      FIEDLER_SSH_PORT: String(ports.fiedler),
      ROGERS_SSH_PORT: String(ports.rogers),
      OPENAI_BASE_URL: `${model.url}/v1`,
      ...env,
    },
    dataDir,
  );
const at = (mad: 'fiedler' | 'rogers', more: Partial<Login> = {}): Login => ({
  port: ports[mad],
  key,
  knownHosts: join(folder, 'known_hosts'),
  ...more,
});
const asked = async (mad: 'fiedler' | 'rogers', ...words: string[]): Promise<string> => {
  const { code, stdout, stderr } = await ssh(at(mad), words);
  expect(code, stderr).toBe(0);
  return stdout;
};

describe('a group with a key', () => {
  let group: Group;
  let fiedler: ToolClient;
  beforeAll(async () => {
    group = await start();
    fiedler = await connectTools(group.url('fiedler'));
  });
  afterAll(async () => {
    await fiedler.close();
    await group.stop();
  });

  test('says where one logs in', async () => {
    await expect.poll(group.running.stdout).toContain('Try next');
    const screen = group.running.stdout();
    for (const mad of ['fiedler', 'rogers'] as const) {
      expect(screen).toMatch(new RegExp(`SSH .*${mad}: ssh -p ${ports[mad]} mad@127\\.0\\.0\\.1`));
    }
  });

  test('mad-status begins as it always did, and then says how each is', async () => {
    expect(await asked('fiedler', 'mad-status')).toMatch(
      /^Fiedler V1 is RUNNING\.\n\[FiedlerV1 Status\]\n- MAD Name: fiedler\n- Status: HEALTHY\n/,
    );
    expect(await asked('rogers', 'mad-status')).toMatch(/^Rogers V1 is RUNNING\.\n\[RogersV1 Status\]\n/);
  });

  test('tasks are listed, shown and followed', async () => {
    expect(await asked('fiedler', 'fiedler-tasks')).toBe('No tasks found.\n');
    const { task_id } = await fiedler.callOrThrow('fiedler_ask', { prompt: 'hello' });
    expect(await asked('fiedler', 'fiedler-tasks', '5')).toMatch(
      new RegExp(
        `^--- Showing Last 1 Fiedler Tasks ---\\nID     : ${task_id}\\n {2}Status : COMPLETED\\n {2}Created: \\S+Z\\n {2}Prompt : hello\\.\\.\\.\\n\\n$`,
      ),
    );
    expect(JSON.parse(await asked('fiedler', 'fiedler-task-details', task_id as string))).toMatchObject({
      task_id,
      status: 'COMPLETED',
      result_payload: { response: 'Hello to you too.' },
      owner: 'local',
    });
    expect(await asked('fiedler', 'fiedler-follow', task_id as string)).toBe('Hello to you too.\n');
  });

  test('a task is followed while it runs; Ctrl-C leaves it running, and it can be followed again', async () => {
    const { task_id } = await fiedler.callOrThrow('fiedler_converse', {
      prompt: 'slowly',
      requester_id: 'me',
    });
    const status = async () => (await fiedler.callOrThrow('fiedler_get_task_status', { task_id })).status;
    const client = startTerminal(at('fiedler'));
    await expect.poll(client.stdout).toContain('fiedler> ');
    client.type(`fiedler-follow ${(task_id as string).slice(0, 8)}`);
    await expect.poll(client.stdout).toContain((task_id as string).slice(0, 8));
    client.type('\t');
    await expect.poll(client.stdout).toContain((task_id as string).slice(8));
    client.type('\r');
    await expect.poll(client.stdout).toContain('word word');
    expect(await status()).toBe('STREAMING');
    client.type('\u0003');
    await expect
      .poll(client.stdout)
      .toContain(`[the task goes on; come back with: fiedler-follow ${task_id}]`);
    client.type('exit\r');
    expect((await client.finished).code).toBe(130);
    expect(await status()).toBe('STREAMING');
    const again = startSsh(at('fiedler'), ['fiedler-follow', task_id as string]);
    await expect.poll(again.stdout).toContain('word word');
    await fiedler.callOrThrow('fiedler_cancel_task', { task_id });
    expect(await again.finished).toMatchObject({ code: 1, stderr: expect.stringContaining('[CANCELLED]') });
  });

  test('Rogers tells of connections and traffic', async () => {
    await expect
      .poll(() => asked('rogers', 'rogers-connections'))
      .toMatch(
        /^--- Showing 3 MAD Connections ---\nID {5}: fiedler\n {2}Status : HEALTHY\n {2}Last {3}: \S+Z\n\n/,
      );
    const stats = JSON.parse(await asked('rogers', 'rogers-stats')) as Record<string, unknown>[];
    expect(stats).toContainEqual({
      hour_timestamp: expect.stringMatching(/:00:00Z$/),
      sender_id: 'fiedler',
      topic_pattern: 'mad.stream',
      total_messages: expect.any(Number),
    });
    expect(await asked('rogers', 'rogers-topics')).toMatch(
      /^--- Topic Summary \(Last 24 Hours\) ---\n(.* -> .* : \d+ msgs\n)*fiedler {9}-> mad\.stream {6}: \d+ msgs\n/,
    );
  });

  test('the bus is seen live', async () => {
    const tail = startSsh(at('rogers'), ['bus-tail', 'mad.stream.*']);
    await expect
      .poll(async () => {
        await fiedler.callOrThrow('fiedler_ask', { prompt: 'hello' });
        return tail.stdout();
      })
      .toMatch(/mad\.stream\.\S+ {2}fiedler {2}\{"seq":\d+,"type":"token"/);
    expect(tail.stdout()).not.toContain('mad.system');
    await tail.kill();
  });

  test('what was done is on the bus, with the fingerprint that ssh-keygen prints, and in the log', async () => {
    const grace = await connectTools(group.url('grace'));
    const subscription = { client_id: 'auditor', topics: ['mad.topic.audit'] };
    await grace.callOrThrow('grace_subscribe', subscription);
    await asked('fiedler', 'fiedler-tasks', '3');
    const seen: Record<string, unknown>[] = [];
    await expect
      .poll(async () => {
        const { messages } = await grace.callOrThrow('grace_poll_messages', { client_id: 'auditor' });
        seen.push(...(messages as { payload: Record<string, unknown> }[]).map(({ payload }) => payload));
        return seen.map(({ event }) => event);
      })
      .toEqual(['ssh_login', 'ssh_command', 'ssh_command_ended', 'ssh_logout']);
    await grace.close();
    const who = {
      key_fingerprint: key.fingerprint,
      key_comment: 'ada@test',
      user: 'mad',
      address: '127.0.0.1',
    };
    expect(seen[1]).toMatchObject({ ...who, command: 'fiedler-tasks 3' });
    expect(seen[2]).toMatchObject({ ...who, command: 'fiedler-tasks 3', exit_code: 0 });
    const { session_id } = seen[0] as { session_id: string };
    const logged = group.log().filter((line) => line.session_id === session_id);
    expect(logged.map(({ event }) => event)).toEqual(seen.map(({ event }) => event));
    expect(logged.every(({ mad }) => mad === 'fiedler')).toBe(true);
  });

  test('tools count the calls that came by SSH', async () => {
    await asked('rogers', 'rogers-connections');
    const metrics = await (await fetch(`${group.platformUrl}/metrics`)).text();
    expect(metrics).toMatch(
      /mad_tool_calls_total\{.*tool="rogers_get_connections",surface="ssh",outcome="ok"\} \d/,
    );
  });

  test('a key that is added is known without a restart; a bad line is named, and harms no other', async () => {
    const grace = makeKey(folder, 'grace');
    writeFileSync(authorizedKeys, `${key.line}\nssh-rsa AAAA old@desk\n${grace.line}\n`);
    await expect.poll(async () => (await ssh(at('rogers', { key: grace }), ['help'])).code).toBe(0);
    for (const mad of ['fiedler', 'rogers']) {
      await expect.poll(group.log).toContainEqual(
        expect.objectContaining({
          mad,
          level: 'error',
          line: 2,
          msg: expect.stringContaining('ssh-rsa keys are not taken'),
        }),
      );
    }
  });
});

describe('what lasts, and what ends', () => {
  test('the host is the same after a stop and after kill -9', async () => {
    let group = await start();
    await asked('fiedler', 'mad-status');
    const strict = at('fiedler', { options: ['-o', 'StrictHostKeyChecking=yes'] });
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await group.stop(signal);
      group = await start();
      const { code, stderr } = await ssh(strict, ['mad-status']);
      expect([signal, code, stderr]).toEqual([signal, 0, '']);
    }
    await group.stop();
  });

  test('a SIGTERM ends sessions with a word, and the process in time', async () => {
    const group = await start();
    const tail = startSsh(at('rogers'), ['bus-tail', '--json']);
    const prompt = startTerminal(at('fiedler'));
    await expect.poll(prompt.stdout).toContain('fiedler> ');
    await expect.poll(tail.stdout).toContain('mad.');
    const { code, durationMs } = await group.stop('SIGTERM');
    expect([code, durationMs > 0]).toEqual([0, true]);
    expect(await tail.finished).toMatchObject({
      code: 143,
      stderr: expect.stringContaining('[Rogers V1 is stopping; goodbye]'),
    });
    expect((await prompt.finished).stdout).toContain('[Fiedler V1 is stopping; goodbye]');
    // The logout was still taken by the bus, which Rogers counts.
    const logouts = group.log().filter(({ event }) => event === 'ssh_logout');
    expect(logouts).toHaveLength(2);
    expect(group.running.output()).not.toContain('Audit records are in the log alone');
  });

  test('without a file of keys there is no port, and the first screen says how to open one', async () => {
    const group = await start({ SSH_AUTHORIZED_KEYS: join(folder, 'none') });
    try {
      await expect.poll(group.running.stdout).toContain('Try next');
      expect(group.running.stdout()).toMatch(
        /SSH\s+closed, there is no file .*none; SSH_AUTHORIZED_KEYS=\S+ npm start opens it/,
      );
      for (const mad of ['fiedler', 'rogers'] as const) {
        expect((await ssh(at(mad), ['mad-status'])).stderr).toContain('Connection refused');
        expect(group.log()).toContainEqual(
          expect.objectContaining({ mad, msg: expect.stringMatching(/^No SSH port: there is no file/) }),
        );
      }
    } finally {
      await group.stop();
    }
  });

  test('a port in use is one line that names the port and the variable', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const { code, stderr } = await run('node', ['services/group/src/main.ts'], {
      SSH_AUTHORIZED_KEYS: authorizedKeys,
      FIEDLER_SSH_PORT: String(port),
      ROGERS_SSH_PORT: '0',
      FIEDLER_PORT: '0',
      GRACE_PORT: '0',
      ROGERS_PORT: '0',
      SEQUENTIAL_THINKING_PORT: '0',
      PLATFORM_PORT: '0',
      DATA_DIR: join(folder, 'port-in-use'),
    });
    taken.close();
    expect(stderr).toBe(`Port ${port} is in use. Set FIEDLER_SSH_PORT to move it.\n`);
    expect(code).toBe(1);
  });
});
