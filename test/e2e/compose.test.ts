// The operations guide on docker compose: what its reader types, word for word, on a terminal, and what
// they look for. Then the same black box as elsewhere, and the rollback.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { serviceTokenFor } from '@mad-group/mad';
import { makeKey, ssh } from '@mad-group/ssh/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { copyCheckout } from '../kit/checkout.ts';
import type { MadName } from '../kit/group.ts';
import { type Finished, run } from '../kit/process.ts';
import { describeGroup } from './group.ts';

const PORTS: Readonly<Record<MadName, number>> = {
  grace: 8000,
  fiedler: 8001,
  rogers: 8002,
  'sequential-thinking': 8003,
};
const serviceOf = (mad: MadName): string => mad.replace('-', '_');

let folder: string;
let env: Record<string, string>;
/** Made in step 1. Members of the group know each other by what derives from it. */
let password = '';
const dockerHost = process.env.DOCKER_HOST;

beforeAll(async () => {
  // The clone of step 1.
  folder = await mkdtemp(join(tmpdir(), 'mad-compose-'));
  await copyCheckout(folder);
  env = {
    COMPOSE_PROJECT_NAME: 'mad-guide',
    ...(dockerHost === undefined ? {} : { DOCKER_HOST: dockerHost }),
  };
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') {
    console.error(await terminal('docker-compose ps; docker-compose logs --tail=30'));
  }
});
afterAll(async () => {
  if (folder === undefined) return;
  await shell('docker-compose down --volumes --timeout 5');
  await rm(folder, { recursive: true, force: true });
});

const shell = (command: string): Promise<Finished> =>
  run('bash', ['-c', `cd "$FOLDER" && ${command}`], { ...env, FOLDER: folder });

/** What a command prints on a terminal, as the guide's reader has one. */
async function terminal(command: string): Promise<string> {
  const { stdout } = await run(
    'script',
    ['-qefc', `bash -c 'cd "$FOLDER"; ${command.replaceAll("'", "'\\''")}'`, '/dev/null'],
    {
      ...env,
      FOLDER: folder,
      TERM: 'dumb',
      NO_COLOR: '1',
    },
  );
  return stripVTControlCharacters(stdout).replaceAll('\r\n', '\n');
}

/** Types it, and again until it shows what is looked for, as the guide's waits do. */
const shows = (command: string, words: string | RegExp, timeout = 60_000): Promise<void> =>
  expect.poll(() => terminal(command), { timeout, interval: 1_000 }).toMatch(words);

describe('the guide', () => {
  test('step 1: the configuration', async () => {
    expect(await readFile(join(folder, '.env.example'), 'utf8')).not.toContain('REDIS_PASSWORD');
    const { code, stderr } = await shell(`cp .env.example .env
REDIS_PASS=$(openssl rand -base64 24)
echo "REDIS_PASSWORD=\${REDIS_PASS}" >> .env`);
    expect(code, stderr).toBe(0);
    password = /^REDIS_PASSWORD=(\S{32})$/m.exec(await terminal('cat .env'))?.[1] ?? '';
    expect(password).not.toBe('');
  });

  test('step 2: Redis refuses who has no password', async () => {
    await terminal('docker-compose up -d redis');
    await shows('docker-compose logs redis', 'Ready to accept connections');
    expect(await terminal('docker-compose exec redis redis-cli ping')).toContain(
      'NOAUTH Authentication required',
    );
    expect(
      await terminal(
        `docker-compose exec redis redis-cli --pass $(grep REDIS_PASSWORD .env | cut -d '=' -f2) ping`,
      ),
    ).toContain('PONG');
  });

  test('step 3: Sequential Thinking', async () => {
    await terminal('docker-compose up -d --build sequential_thinking');
    await shows('docker-compose logs sequential_thinking', /MCP Server started on port 8003/);
    await shows('docker-compose ps sequential_thinking', /Up|running/);
  });

  test('step 4: Grace', async () => {
    await terminal('docker-compose up -d --build grace');
    await shows('docker-compose logs grace', 'Successfully connected to Rogers Conversation Bus (Redis)');
    await shows(
      'docker-compose exec grace mad-status',
      /\[GraceV0 Status\]\n- MAD Name: grace\n- Status: HEALTHY\n- Conversation Bus Connected: True\n/,
    );
  });

  test('step 5: Rogers', async () => {
    await terminal('docker-compose up -d --build rogers');
    await shows('docker-compose logs rogers', 'Successfully connected to Rogers Conversation Bus (Redis)');
    await shows('docker-compose logs rogers', 'Successfully connected to Sequential Thinking MCP server');
    await shows(
      'docker-compose exec rogers mad-status',
      /\[RogersV1 Status\]\n- MAD Name: rogers\n- Status: HEALTHY\n- Conversation Bus Connected: True\n- Sequential Thinking Connected: True\n/,
    );
  });

  test('step 6: Fiedler', async () => {
    await terminal('docker-compose up -d --build fiedler');
    await shows('docker-compose logs fiedler', 'Successfully connected to Rogers Conversation Bus (Redis)');
    await shows('docker-compose logs fiedler', 'Successfully connected to Sequential Thinking MCP server');
    await shows('docker-compose logs fiedler', 'Initialized SQLite state database at /data/fiedler_state.db');
    await shows(
      'docker-compose exec fiedler mad-status',
      /\[FiedlerV1 Status\]\n- MAD Name: fiedler\n- Status: HEALTHY\n- Conversation Bus Connected: True\n- Sequential Thinking Connected: True\n- Database Status: OK\n/,
    );
  });

  test('step 7: Rogers sees grace and fiedler', async () => {
    const command = 'docker-compose exec rogers mad-cli rogers_get_connections';
    await shows(command, /fiedler\W+HEALTHY/);
    await shows(command, /grace\W+HEALTHY/);
  });

  test('steps 8 and 9: the smoke test, and what the logs say of it', async () => {
    const created = await terminal(
      `docker-compose exec fiedler mad-cli fiedler_converse '{"prompt": "System check, please respond with OK.", "requester_id": "ops-team"}'`,
    );
    expect(created).toContain('pending');
    const taskId = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(created)?.[0];
    const status = `docker-compose exec fiedler mad-cli fiedler_get_task_status '{"task_id": "${taskId}"}'`;
    await shows(status, /COMPLETED/);
    expect(await terminal(status)).toMatch(/\bOK\b/);
    await shows('docker-compose logs --tail=20 fiedler', `Received new task ${taskId}`);
    await shows('docker-compose logs --tail=20 fiedler', `Task ${taskId} status changed to RUNNING`);
    await shows('docker-compose logs --tail=20 fiedler', `Task ${taskId} status changed to COMPLETED`);
    await shows(
      'docker-compose logs --tail=20 rogers',
      '[Metrics] Received message from sender: fiedler on channel:',
    );
  });

  test('part 5: the health check of the guide finds every service HEALTHY', async () => {
    for (const service of ['grace', 'rogers', 'fiedler']) {
      // As the guide's script, but for -T: compose 1.29 wants a terminal otherwise, and cron has none.
      const { code } = await shell(
        `timeout 10s docker-compose exec -T "${service}" mad-status | grep -q "Status: HEALTHY"`,
      );
      expect(code, service).toBe(0);
    }
  });
});

describeGroup('on compose', () => ({
  exec: (mad, command, ...args) =>
    run(
      'docker-compose',
      [
        '--file',
        join(folder, 'docker-compose.yml'),
        '--project-directory',
        folder,
        'exec',
        '-T',
        serviceOf(mad),
        command as string,
        ...args,
      ],
      env,
    ),
  url: (mad) => `ws://127.0.0.1:${PORTS[mad]}`,
  token: serviceTokenFor(password),
  logs: async (mad) => (await shell(`docker-compose logs --no-color ${serviceOf(mad)}`)).stdout,
}));
describe('operations', () => {
  test('containers reach each other by the names of their services', async () => {
    const asked = await terminal(
      'docker-compose exec -T fiedler mad-cli --url ws://sequential_thinking:8003 mad_get_status',
    );
    expect(JSON.parse(asked)).toMatchObject({ mad_id: 'sequential-thinking' });
  });

  test('nothing but the tools and SSH is published, and only on this machine', async () => {
    const { stdout } = await shell('docker-compose ps');
    expect(stdout.match(/\S+->\d+\/tcp/g)?.toSorted()).toEqual([
      '127.0.0.1:2222->2222/tcp',
      '127.0.0.1:2223->2222/tcp',
      ...Object.values(PORTS).map((port) => `127.0.0.1:${port}->${port}/tcp`),
    ]);
    expect(stdout).not.toContain('->6379');
  });

  test('whoever puts their key beside the example logs in to Fiedler and Rogers', async () => {
    const key = makeKey(folder, 'ada');
    const login = (port: number) => ({ port, key, knownHosts: join(folder, 'known_hosts') });
    await shows('docker-compose logs fiedler', 'No SSH port: there is no file /etc/mad/ssh/authorized_keys');
    expect((await ssh(login(2222), ['mad-status'])).code).toBe(255);
    await terminal(`cp configs/ssh/authorized_keys.example configs/ssh/authorized_keys
      cat ${key.path}.pub >> configs/ssh/authorized_keys
      docker-compose restart fiedler rogers`);
    await expect
      .poll(async () => (await ssh(login(2222), ['mad-status'])).stdout, { timeout: 60_000 })
      .toMatch(/^Fiedler V1 is RUNNING\.\n\[FiedlerV1 Status\]\n/);
    await expect
      .poll(async () => (await ssh(login(2223), ['rogers-topics'])).stdout, { timeout: 60_000 })
      .toContain('--- Topic Summary (Last 24 Hours) ---\n');
    // One that is added later needs no restart.
    const other = makeKey(folder, 'grace');
    await terminal(`cat ${other.path}.pub >> configs/ssh/authorized_keys`);
    await expect.poll(async () => (await ssh({ ...login(2222), key: other }, ['help'])).code).toBe(0);
  });

  const HEALTHY = 'docker-compose exec fiedler mad-status';
  const newTask = async (): Promise<string> => {
    const asked = await terminal(
      `docker-compose exec -T fiedler mad-cli fiedler_ask '{"prompt": "remember this"}'`,
    );
    return (JSON.parse(asked) as { task_id: string }).task_id;
  };
  const status = (taskId: string): string =>
    `docker-compose exec -T fiedler mad-cli fiedler_get_task_status task_id=${taskId}`;

  test('runbook 1: a restarted service comes back with its tasks', async () => {
    const task = await newTask();
    await terminal('docker-compose restart fiedler');
    await shows(HEALTHY, 'Status: HEALTHY');
    await shows(status(task), /"status": "COMPLETED"/);
  });

  test('the rollback that keeps data keeps it, and the other one does not', async () => {
    const list = 'docker volume ls --quiet --filter label=com.docker.compose.project=mad-guide';
    const volumes = async (): Promise<string[]> => (await terminal(list)).trim().split('\n').toSorted();
    const task = await newTask();
    await terminal('docker-compose down');
    expect(await volumes()).toEqual([
      'mad-guide_fiedler-data',
      'mad-guide_redis-data',
      'mad-guide_rogers-data',
    ]);
    await terminal('docker-compose up -d');
    await shows(HEALTHY, 'Status: HEALTHY');
    await shows(status(task), /"status": "COMPLETED"/);
    await terminal('docker-compose down --volumes');
    expect(await volumes()).toEqual(['']);
  });
});
