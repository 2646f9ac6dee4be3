// The charts on a real cluster: install, main job, faults, upgrade, uninstall. The tests are steps of
// one life and build on each other.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  connectFrom,
  createNamespace,
  forwardPort,
  must,
  REFUSED,
  type TestNamespace,
} from '../kit/cluster.ts';
import { MAD_NAMES, type MadName } from '../kit/group.ts';
import { type Finished, ROOT } from '../kit/process.ts';
import { describeGroup } from './group.ts';
import type { LoadReport } from './load-main.ts';

/** Deadline of the issue that asked for it: from the install to the first COMPLETED task, images loaded. */
const INSTALL_DEADLINE_MS = 30_000;
const PORTS: Readonly<Record<MadName, number>> = {
  grace: 8000,
  fiedler: 8001,
  rogers: 8002,
  'sequential-thinking': 8003,
};
const CHART = 'charts/mad-group';
const WORKLOADS: Readonly<Record<string, string>> = {
  redis: 'statefulset/redis',
  grace: 'deployment/grace',
  fiedler: 'statefulset/fiedler',
  rogers: 'statefulset/rogers',
  'sequential-thinking': 'deployment/sequential-thinking',
};
const VERSION = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
/** A second tag of the same images, for an upgrade. */
const NEXT_TAG = `${VERSION}-next`;

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}
interface List<T> {
  readonly items: readonly T[];
}

let ns: TestNamespace;
let token: string;
const forwards = new Map<MadName, Awaited<ReturnType<typeof forwardPort>>>();

beforeAll(async () => {
  ns = await createNamespace('mad-e2e');
});
afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') console.error(await ns.describe());
});
afterAll(async () => {
  for (const forward of forwards.values()) await forward.stop();
  await ns?.delete();
});

const members = async (): Promise<readonly Pod[]> =>
  (await ns.get<List<Pod>>('pods', '-l', 'mads.dev/member=true')).items;
const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;
/** Each MAD and Redis has its pod, and none is on its way out. */
const ready = (): Promise<void> =>
  expect
    .poll(async () => (await members()).map(isReady), { timeout: 180_000 })
    .toEqual(Object.keys(WORKLOADS).map(() => true));
const cli = async (mad: MadName, ...words: string[]): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await ns.exec(WORKLOADS[mad] as string, 'mad-cli', ...words);
  expect(code, `${stdout}${stderr}`).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
};
/** UID of each MAD's first pod, in the order of their names. */
const pods = async (): Promise<Record<string, string>> => {
  return Object.fromEntries(
    (await members()).map(({ metadata }) => [
      metadata.name.replace(/-(?:0|[0-9a-f]+-[a-z0-9]{5})$/, ''),
      metadata.uid,
    ]),
  );
};
const untilCompleted = async (taskId: unknown): Promise<Record<string, unknown>> => {
  let task: Record<string, unknown> = {};
  await expect
    .poll(
      async () => {
        task = await cli('fiedler', 'fiedler_get_task_status', `task_id=${taskId}`);
        return task.status;
      },
      { timeout: 60_000 },
    )
    .toBe('COMPLETED');
  return task;
};

describe('installed without any flag', () => {
  test('it does its main job, within 30 s of the install', async () => {
    const startedMs = performance.now();
    const notes = await ns.helm('install', 'mads', CHART, '--wait', '--timeout', '180s');
    expect(notes).toContain(`http://fiedler.${ns.name}:8001/mcp`);
    const readyMs = performance.now() - startedMs;
    const task = await cli('fiedler', 'fiedler_ask', 'prompt=System check, please respond with OK.');
    const tookMs = performance.now() - startedMs;
    console.log(
      `ready ${Math.round(readyMs)} ms, first task COMPLETED ${Math.round(tookMs)} ms after the install began`,
    );
    expect(JSON.stringify(task)).toContain('OK');
    expect(tookMs).toBeLessThan(INSTALL_DEADLINE_MS);
  });

  test('the notes lead to the token of admin, and helm test passes with it', async () => {
    const encoded = await ns.kubectl('get', 'secret', 'mads-callers', '-o', 'jsonpath={.data.admin}');
    token = Buffer.from(encoded, 'base64').toString();
    expect(token).toMatch(/^[A-Za-z0-9]{40}$/);
    expect(await ns.helm('test', 'mads')).toContain('Phase:          Succeeded');
  });

  test('every MAD can be reached from here', async () => {
    for (const mad of MAD_NAMES) forwards.set(mad, await forwardPort(ns, mad, PORTS[mad]));
  });

  describeGroup('on the cluster', () => ({
    exec: (mad, ...command) => ns.exec(WORKLOADS[mad] as string, ...command),
    url: (mad) => `ws://127.0.0.1:${forwards.get(mad)?.port}`,
    token,
    logs: (mad) => ns.kubectl('logs', WORKLOADS[mad] as string, '--tail=-1'),
  }));

  test('Redis asks for its password', async () => {
    const { stdout } = await ns.exec('redis-0', 'redis-cli', 'ping');
    expect(stdout).toContain('NOAUTH');
  });

  test('no pod has a token of the API server', async () => {
    const { code, stdout, stderr } = await ns.exec('fiedler-0', 'ls', '/run/secrets');
    expect(code, stderr).toBe(0);
    expect(stdout.trim().split('\n')).toEqual(['callers', 'redis']);
  });
});

/** A pod in the image of Fiedler that waits, or runs what it is told. */
const toolPod = (name: string, labels: Record<string, string>, command: string[], files: string[]) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { 'e2e/pod': name, ...labels } },
  spec: {
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'main',
        image: `mad/fiedler:${VERSION}`,
        imagePullPolicy: 'IfNotPresent',
        command,
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        env: [
          { name: 'FIEDLER_URL', value: 'ws://fiedler:8001' },
          { name: 'GRACE_URL', value: 'ws://grace:8000' },
          { name: 'ROGERS_URL', value: 'ws://rogers:8002' },
          { name: 'SEQUENTIAL_THINKING_URL', value: 'ws://sequential-thinking:8003' },
          { name: 'MAD_TOKEN', valueFrom: { secretKeyRef: { name: 'mads-callers', key: 'admin' } } },
        ],
        volumeMounts: [{ name: 'files', mountPath: '/app/services/fiedler/test' }],
      },
    ],
    volumes: [
      {
        name: 'files',
        configMap: {
          name: 'e2e-files',
          items: files.map((path) => ({ key: path.replaceAll('/', '_'), path })),
        },
      },
    ],
  },
});
const FILES = [
  'e2e/answers.ts',
  'e2e/load-main.ts',
  'e2e/model-main.ts',
  'kit/steady-client.ts',
  'kit/streaming-stub.ts',
];

describe('who may reach whom', () => {
  beforeAll(async () => {
    const data = Object.fromEntries(
      FILES.map((path) => [path.replaceAll('/', '_'), readFileSync(join(ROOT, 'test', path), 'utf8')]),
    );
    const wait = ['node', '-e', 'setInterval(() => {}, 1e6); process.on("SIGTERM", () => process.exit())'];
    await ns.apply(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'e2e-files' }, data },
      toolPod('client', { 'mads.dev/client': 'true' }, wait, FILES),
      toolPod('foreigner', {}, wait, FILES),
      toolPod('model', {}, ['node', '/app/services/fiedler/test/e2e/model-main.ts'], FILES),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'model' },
        spec: { selector: { 'e2e/pod': 'model' }, ports: [{ port: 80, targetPort: 8080 }] },
      },
    );
    await ns.kubectl(
      'wait',
      'pod/client',
      'pod/foreigner',
      'pod/model',
      '--for=condition=Ready',
      '--timeout=60s',
    );
  });

  const connect = (pod: string, host: string, port: number): Promise<string> =>
    connectFrom(ns, pod, host, port);

  test.each([
    ...Object.entries(PORTS),
    ...MAD_NAMES.map((mad) => [mad, 9464] as const),
    ['redis', 6379] as const,
  ])('a foreign pod does not reach %s:%i', async (host, port) => {
    expect(await connect('foreigner', host, port)).toMatch(REFUSED);
  });

  test('a labelled client reaches the tools, by WebSocket and by MCP, and nothing else', async () => {
    const verified = await ns.exec('client', 'mad-cli', 'verify', '--json');
    expect(verified.code, verified.stdout).toBe(0);
    expect(JSON.parse(verified.stdout)).toHaveLength(MAD_NAMES.length);
    const status = await ns.exec('client', 'mad-cli', '--mad', 'fiedler', 'mad_get_status');
    expect(JSON.parse(status.stdout)).toMatchObject({ mad_id: 'fiedler', health: 'HEALTHY' });
    const asked = await ns.exec(
      'client',
      'mad-cli',
      'fiedler_ask',
      'prompt=System check, please respond with OK.',
    );
    expect(asked.stdout, asked.stderr).toContain('OK');
    expect(await connect('client', 'redis', 6379)).toMatch(REFUSED);
    expect(await connect('client', 'fiedler', 9464)).toMatch(REFUSED);
  });

  test('without a token the client is refused', async () => {
    const { code, stderr } = await ns.exec(
      'client',
      'mad-cli',
      '--token',
      'not-a-known-token',
      'rogers_get_stats',
    );
    expect(code).not.toBe(0);
    expect(stderr).toContain('Nobody is known by this token');
  });

  test('a MAD reaches what it needs, and neither its siblings nor the world', async () => {
    expect(await connect('fiedler-0', 'sequential-thinking', 8003)).toBe('open');
    expect(await connect('fiedler-0', 'rogers', 8002)).toMatch(REFUSED);
    expect(await connect('fiedler-0', 'model', 80)).toMatch(REFUSED);
    const address = await ns.kubectl('get', 'service/fiedler', '-o', 'jsonpath={.spec.clusterIP}');
    const fromRedis = await ns.exec(
      'redis-0',
      'timeout',
      '3',
      'bash',
      '-c',
      `exec 3<>/dev/tcp/${address}/8001`,
    );
    // 124: nothing was heard in its time.
    expect(`${fromRedis.code} ${fromRedis.stderr}`).toMatch(/^124 |Connection refused/);
  });
});

describe('over time', () => {
  let before: Record<string, unknown>;

  test('tasks and hourly metrics are there after every pod is deleted', async () => {
    before = await cli('fiedler', 'fiedler_ask', 'prompt=remember this');
    const total = async (): Promise<number> =>
      ((await cli('rogers', 'rogers_get_stats')).stats as { total_messages: number }[]).reduce(
        (sum, row) => sum + row.total_messages,
        0,
      );
    const counted = await total();
    expect(counted).toBeGreaterThan(0);
    await ns.kubectl('delete', 'pod', '-l', 'mads.dev/member=true');
    await ready();
    expect(await cli('fiedler', 'fiedler_get_task_status', `task_id=${before.task_id}`)).toMatchObject({
      status: 'COMPLETED',
      prompt: 'remember this',
    });
    expect(await total()).toBeGreaterThanOrEqual(counted);
  });

  /** Names of the members whose pods an upgrade replaced. */
  const rolledBy = async (...flags: string[]): Promise<string[]> => {
    const old = await pods();
    await ns.helm('upgrade', 'mads', CHART, '--reuse-values', ...flags, '--wait', '--timeout', '180s');
    await ready();
    const now = await pods();
    return Object.keys(now)
      .filter((name) => now[name] !== old[name])
      .toSorted();
  };
  const THINKING = ['fiedler', 'rogers', 'sequential-thinking'];

  test('an upgrade that changes nothing restarts nothing', async () => {
    expect(await rolledBy()).toEqual([]);
  });

  test('a model, and later another key for it, roll only what thinks, and its tokens stream', async () => {
    await ns.kubectl('create', 'secret', 'generic', 'openai', '--from-literal=api-key=first');
    const model = 'llm.baseUrl=http://model/v1,llm.apiKeySecret=openai';
    expect(await rolledBy('--set', model)).toEqual(THINKING);
    const task = await cli('fiedler', 'fiedler_ask', 'prompt=hello');
    expect(JSON.stringify(task)).toContain('hello#0 hello#1');
    await ns.kubectl('patch', 'secret', 'openai', '-p', '{"stringData": {"api-key": "second"}}');
    expect(await rolledBy()).toEqual(THINKING);
    await ns.kubectl('delete', 'secret', 'openai');
    expect(await rolledBy('--set', 'llm.apiKeySecret=')).toEqual(THINKING);
  });

  const startLoad = (run: string) => {
    const running = ns.start(
      'exec',
      'client',
      '--',
      'sh',
      '-c',
      `rm -f /tmp/stop; RUN=${run} exec node /app/services/fiedler/test/e2e/load-main.ts`,
    );
    return {
      async stop(): Promise<LoadReport> {
        await ns.exec('client', 'touch', '/tmp/stop');
        const { stdout, stderr } = await running.finished;
        const line = stdout.trim().split('\n').at(-1) as string;
        expect(line, stderr).toMatch(/^\{/);
        console.log(`${run}: ${line.slice(0, 300)}`);
        return JSON.parse(line) as LoadReport;
      },
    };
  };
  const expectNothingLost = (report: LoadReport): void => {
    expect(report).toMatchObject({ failed: [], torn: [], different: [] });
    expect(report.completed).toBe(report.submitted);
    expect(report.submitted).toBeGreaterThan(20);
  };
  const steady = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 5_000));

  test('a deleted redis-0 under a steady load loses no task and no stream', async () => {
    const load = startLoad('redis');
    await steady();
    await ns.kubectl('delete', 'pod', 'redis-0');
    await ready();
    await steady();
    expectNothingLost(await load.stop());
  });

  test('a killed Fiedler under a steady load loses no task and no stream', async () => {
    const load = startLoad('kill');
    await steady();
    await ns.kubectl('delete', 'pod', 'fiedler-0', '--force', '--grace-period=0');
    await ready();
    await steady();
    expectNothingLost(await load.stop());
  });

  test('an upgrade to other images under a steady load loses no task and no stream, nor does the way back', async () => {
    const old = await pods();
    const load = startLoad('upgrade');
    await steady();
    const secrets = () =>
      ns.kubectl('get', 'secret', 'redis-auth', 'mads-callers', '-o', 'jsonpath={.items[*].data}');
    const kept = await secrets();
    await ns.helm(
      'upgrade',
      'mads',
      CHART,
      '--reuse-values',
      '--set',
      `global.image.tag=${NEXT_TAG}`,
      '--wait',
      '--timeout',
      '180s',
    );
    const now = await pods();
    expect(Object.keys(now).filter((name) => now[name] === old[name])).toEqual(['redis']);
    expect(await secrets()).toBe(kept);
    await steady();
    await ns.helm('rollback', 'mads', '--wait', '--timeout', '180s');
    await ready();
    const { items } = await ns.get<List<{ spec: { containers: { image: string }[] } }>>(
      'pods',
      '-l',
      'mads.dev/member=true',
    );
    expect(items.filter(({ spec }) => spec.containers[0]?.image.endsWith(NEXT_TAG))).toEqual([]);
    await steady();
    expectNothingLost(await load.stop());
  });

  test('a drain ends with one replica of everything, and the group comes back', async () => {
    const node = (await ns.get<{ spec: { nodeName: string } }>('pod', 'fiedler-0')).spec.nodeName;
    try {
      // Of this group alone: other groups on the cluster are none of this test's business.
      await ns.kubectl('label', 'pods', '-l', 'mads.dev/member=true', `mads.dev/e2e=${ns.name}`);
      await must('kubectl', [
        'drain',
        node,
        `--pod-selector=mads.dev/e2e=${ns.name}`,
        '--delete-emptydir-data',
        '--ignore-daemonsets',
        '--timeout=120s',
      ]);
      const { items } = await ns.get<List<Pod>>(
        'pods',
        '-l',
        `mads.dev/e2e=${ns.name}`,
        '--field-selector=status.phase=Running',
      );
      expect(items).toEqual([]);
    } finally {
      await must('kubectl', ['uncordon', node]);
    }
    await ready();
    expect(await untilCompleted(before.task_id)).toMatchObject({ prompt: 'remember this' });
  });

  test('a rotated token is taken without a restart', async () => {
    const old = await pods();
    const next = Buffer.from('another-token-of-the-admin-0123456789').toString('base64');
    await ns.kubectl('patch', 'secret', 'mads-callers', '-p', JSON.stringify({ data: { admin: next } }));
    const status = (): Promise<Finished> =>
      ns.exec(
        'client',
        'mad-cli',
        '--token',
        'another-token-of-the-admin-0123456789',
        '--mad',
        'grace',
        'mad_get_status',
      );
    // The kubelet brings a changed Secret within its sync period, a minute or two.
    await expect.poll(async () => (await status()).code, { timeout: 180_000, interval: 2_000 }).toBe(0);
    expect(await pods()).toEqual(old);
  });

  test('an uninstall leaves the claims alone', async () => {
    await ns.helm('uninstall', 'mads', '--wait');
    await ns.kubectl('delete', 'pod', 'client', 'foreigner', 'model');
    await ns.kubectl('delete', 'service', 'model');
    await ns.kubectl('delete', 'configmap', 'e2e-files');
    await expect.poll(() => ns.kubectl('get', 'pods', '-o', 'name'), { timeout: 120_000 }).toBe('');
    const left = await ns.kubectl(
      'get',
      'all,secret,configmap,serviceaccount,networkpolicy,pdb,pvc,ingress',
      '-o',
      'name',
    );
    expect(left.trim().split('\n').toSorted()).toEqual([
      'configmap/kube-root-ca.crt',
      'persistentvolumeclaim/data-fiedler-0',
      'persistentvolumeclaim/data-redis-0',
      'persistentvolumeclaim/data-rogers-0',
      'serviceaccount/default',
    ]);
  });
});
