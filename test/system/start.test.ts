import { once } from 'node:events';
import { createServer } from 'node:net';
import { startRedis } from '@mad-group/bus/testing';
import { describe, expect, test } from 'vitest';
import { freePorts } from '../kit/free-ports.ts';
import { startGroup } from '../kit/group.ts';
import { run, start } from '../kit/process.ts';

const SERVICES = ['grace', 'fiedler', 'rogers'] as const;

describe('npm start', () => {
  test('prints what runs where, the bus, the model and three commands', async () => {
    const group = await startGroup();
    try {
      await expect.poll(group.running.stdout).toContain('Try next');
      const screen = group.running
        .stdout()
        .split('\n')
        .filter((line) => !line.startsWith('{'));
      const text = screen.join('\n');
      for (const mad of ['grace', 'fiedler', 'rogers', 'sequential-thinking'] as const) {
        expect(text).toMatch(new RegExp(`${mad}.*${group.url(mad)}.*${group.mcp(mad)}.*HEALTHY`));
      }
      expect(text).toMatch(/Bus\s+memory/);
      expect(text).toMatch(/Model\s+none/);
      expect(text).toContain('OPENAI_API_KEY=');
      expect(text.match(/^ {2}npx mad-/gm)).toHaveLength(3);
      expect(screen.length).toBeLessThanOrEqual(30);
    } finally {
      await group.stop();
    }
  });

  test('Ctrl-C stops it within 5 s, with 0', async () => {
    const group = await startGroup();
    const pressedMs = performance.now();
    const { code } = await group.stop('SIGINT');
    expect(code, group.running.output()).toBe(0);
    expect(performance.now() - pressedMs).toBeLessThan(5_000);
  });

  test('a second Ctrl-C stops it at once', async () => {
    const group = await startGroup({
      DRAIN_MS: '60000',
      TASK_CONCURRENCY: '1',
      OPENAI_BASE_URL: await hangingProvider(),
    });
    await run(
      'mad-cli',
      ['fiedler_converse', '{"prompt": "Say something.", "requester_id": "me"}'],
      group.env,
    );
    await expect.poll(group.running.stdout).toContain('status changed to RUNNING');
    group.running.child.kill('SIGINT');
    await expect.poll(group.running.stdout).toContain('Stopping');
    const { code } = await group.stop('SIGINT');
    expect(code).toBe(130);
  });

  test('a port in use is one line that names the port and the variable, and 1', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const { code, stderr } = await run('node', ['services/group/src/main.ts'], {
      FIEDLER_PORT: String(port),
      GRACE_PORT: '0',
      ROGERS_PORT: '0',
      SEQUENTIAL_THINKING_PORT: '0',
      PLATFORM_PORT: '0',
      DATA_DIR: '/tmp/mad-port-in-use',
    });
    taken.close();
    expect(stderr).toBe(`Port ${port} is in use. Set FIEDLER_PORT to move it.\n`);
    expect(code).toBe(1);
  });

  test('runs on Redis where REDIS_URL names one, and says so without the password', async () => {
    const redis = await startRedis();
    const group = await startGroup({ REDIS_URL: redis.url, REDIS_PASSWORD: redis.password });
    try {
      expect(group.running.stdout()).toContain('Successfully connected to Rogers Conversation Bus (Redis)');
      await expect.poll(group.running.stdout).toMatch(/Bus\s+Redis at 127\.0\.0\.1:\d+/);
      expect(group.running.output()).not.toContain(redis.password);
    } finally {
      await group.stop();
      await redis.stop();
    }
  });

  test('names every bad key of the environment at once', async () => {
    const { code, stderr } = await run('node', ['services/group/src/main.ts'], {
      GRACE_PORT: 'eighty',
      REDIS_URL: 'http://127.0.0.1',
      LOG_LEVEL: 'loud',
    });
    expect(code).toBe(1);
    for (const key of ['GRACE_PORT', 'REDIS_URL', 'LOG_LEVEL']) expect(stderr).toContain(key);
    expect(stderr).not.toContain('    at ');
  });

  test('refuses to listen beyond loopback with nobody known', async () => {
    const keys = ['GRACE', 'FIEDLER', 'ROGERS', 'SEQUENTIAL_THINKING', 'PLATFORM'];
    const ports = await freePorts(keys.length);
    const env = Object.fromEntries(keys.map((key, index) => [`${key}_PORT`, String(ports[index])]));
    const { code, stderr } = await run('node', ['services/group/src/main.ts'], { ...env, HOST: '0.0.0.0' });
    expect(code).toBe(1);
    expect(stderr).toContain('MAD_TOKENS');
    expect(stderr).toContain('AUTH=off');
  });
});

describe('a MAD alone', () => {
  test.each(SERVICES)('%s refuses to start without a bus, in one line', async (service) => {
    const { code, stderr } = await run('node', [`services/${service}/src/main.ts`]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^REDIS_URL is not set[^\n]*\n$/);
  });

  test('four of them in processes of their own are a group', async () => {
    const redis = await startRedis();
    const secrets = { REDIS_URL: redis.url, REDIS_PASSWORD: redis.password };
    const dataDir = `/tmp/mad-alone-${process.pid}`;
    const ports: Record<string, number> = {};
    const running = [];
    try {
      for (const service of ['sequential-thinking', ...SERVICES] as const) {
        const key = `${service.toUpperCase().replace('-', '_')}_PORT`;
        const [port, platform] = (await freePorts(2)) as [number, number];
        ports[service] = port;
        running.push(
          start('node', [`services/${service}/src/main.ts`], {
            ...secrets,
            [key]: String(port),
            PLATFORM_PORT: String(platform),
            DATA_DIR: dataDir,
            SEQUENTIAL_THINKING_URL: `ws://127.0.0.1:${ports['sequential-thinking']}`,
          }),
        );
      }
      const env = { ...secrets, ROGERS_PORT: String(ports.rogers), FIEDLER_PORT: String(ports.fiedler) };
      await expect
        .poll(async () => (await run('mad-cli', ['rogers_get_connections'], env)).stdout, {
          timeout: 30_000,
          interval: 500,
        })
        .toMatch(/"mad_id": "fiedler",\s+"status": "HEALTHY"[\s\S]*"mad_id": "grace",\s+"status": "HEALTHY"/);
      const asked = await run('mad-cli', ['fiedler_ask', '{"prompt": "Plan the steps to bake bread."}'], env);
      expect(JSON.parse(asked.stdout)).toMatchObject({ status: 'success', task_status: 'COMPLETED' });
    } finally {
      for (const { stop, output } of running) expect((await stop()).code, output()).toBe(0);
      await redis.stop();
    }
  });
});

/** The address of a model provider that takes requests and never answers. */
async function hangingProvider(): Promise<string> {
  const server = createServer(() => undefined);
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/v1`;
}
