// An operator that is killed while it leads, or has no API server. Three of them side by side, each
// with a namespace of its own to watch; while two have no API server, the leader of the third is killed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createNamespace, type TestNamespace } from '../kit/cluster.ts';
import { ROOT } from '../kit/process.ts';
import { figure } from '../kit/scale.ts';
import { CHART, createScene, LIGHT, operatorLogs, removeOperator, type Scene } from './operator-scene.ts';

/** Deadlines of the issue that asked for them. */
const LEASE_MS = 15_000;
const AWAY_MS = 60_000;
/** From the API server's return to a group that is as declared and verified. */
const BACK_WITHIN_MS = 60_000;
const VERSION = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
const [GRACE, ...OTHERS] = ['grace', 'rogers', 'sequential-thinking'].map((name) => ({ name, ...LIGHT }));

interface Place {
  readonly system: TestNamespace;
  readonly scene: Scene;
}
const places: Place[] = [];
let [led, refused, silent]: Place[] = [];

beforeAll(async () => {
  for (const name of ['led', 'refused', 'silent']) {
    const scene = await createScene(`mad-${name}`);
    const system = await createNamespace(`mad-system-${name}`);
    places.push({ system, scene });
    const isFirst = places.length === 1;
    const values = { watchNamespace: scene.ns.name, replicas: isFirst ? 2 : 1, 'crd.enabled': isFirst };
    const flags = Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    await system.helm('install', 'mad-operator', CHART, ...flags);
    if (!isFirst) await leadThroughForwarder(system);
  }
  [led, refused, silent] = places;
  for (const { scene } of places) await scene.apply({ mads: [GRACE, ...OTHERS] });
  for (const { scene } of places) await scene.untilVerified();
});
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const { system, scene } of places) console.error(await scene.describe(), await operatorLogs(system));
});
afterAll(async () => {
  for (const { scene } of places) await scene.ns.delete();
  for (const { system } of places) await removeOperator(system);
});

/** From now on the operator reaches the API server through a pod that can fall silent. */
async function leadThroughForwarder(system: TestNamespace): Promise<void> {
  const labels = { 'e2e/pod': 'forwarder' };
  const data = { 'main.ts': readFileSync(join(import.meta.dirname, 'forwarder-main.ts'), 'utf8') };
  const container = {
    name: 'main',
    image: `mad/grace:${VERSION}`,
    command: ['node', '/files/main.ts'],
    ports: [{ containerPort: 6443 }],
    readinessProbe: { tcpSocket: { port: 6443 }, periodSeconds: 1 },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    volumeMounts: [{ name: 'files', mountPath: '/files' }],
  };
  const pod = {
    terminationGracePeriodSeconds: 0,
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [container],
    volumes: [{ name: 'files', configMap: { name: 'forwarder' } }],
  };
  const metadata = { name: 'forwarder' };
  const template = { metadata: { labels }, spec: pod };
  await system.apply(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: labels, ports: [{ port: 6443 }] } },
  );
  const ip = await system.kubectl('get', 'service/forwarder', '-o=jsonpath={.spec.clusterIP}');
  // A name that the API server's certificate has on every cluster.
  const host = 'kubernetes.default.svc';
  const env = [
    { name: 'KUBERNETES_SERVICE_HOST', value: host },
    { name: 'KUBERNETES_SERVICE_PORT', value: '6443' },
  ];
  const spec = { hostAliases: [{ ip, hostnames: [host] }], containers: [{ name: 'operator', env }] };
  const body = JSON.stringify({ spec: { template: { spec } } });
  await system.kubectl('patch', 'deployment/mad-operator', '-p', body);
  await system.kubectl('rollout', 'status', 'deployment/forwarder', '--timeout=60s');
  await system.kubectl('rollout', 'status', 'deployment/mad-operator', '--timeout=60s');
}

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly lastState: { readonly terminated?: { readonly exitCode: number } };
    }[];
  };
}
const operators = async ({ system }: Place): Promise<readonly Pod[]> =>
  (await system.get<{ items: Pod[] }>('pods', '-l', 'app.kubernetes.io/name=mad-operator')).items;
const restarts = async (place: Place): Promise<number> =>
  (await operators(place))
    .flatMap(({ status }) => status.containerStatuses ?? [])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
/** What the last ones ended with. */
const ends = async (place: Place): Promise<unknown[]> =>
  (await operators(place))
    .flatMap(({ status }) => status.containerStatuses ?? [])
    .map(({ lastState }) => lastState.terminated?.exitCode);

/** What is done to the way of two of them to the API server, and undone. */
const toggle = (place: Place): Promise<unknown> =>
  place.system.exec('deployment/forwarder', 'node', '-e', 'process.kill(1, "SIGUSR2")');
const scale = (place: Place, replicas: number): Promise<unknown> =>
  place.system.kubectl('scale', 'deployment/forwarder', `--replicas=${replicas}`);
interface Outage {
  readonly what: string;
  readonly find: () => Place;
  away(): Promise<unknown>;
  back(): Promise<unknown>;
}
const OUTAGES: readonly Outage[] = [
  {
    what: 'refuses connections',
    find: () => refused as Place,
    away: () => scale(refused as Place, 0),
    back: () => scale(refused as Place, 1),
  },
  {
    what: 'says nothing',
    find: () => silent as Place,
    away: () => toggle(silent as Place),
    back: () => toggle(silent as Place),
  },
];
const podsBefore = new Map<string, string[]>();
const restartsBefore = new Map<string, number>();
let awayAtMs = 0;

test('the API server goes away for two of them, and their groups are changed', async () => {
  for (const { what, find, away } of OUTAGES) {
    podsBefore.set(what, await find().scene.pods());
    restartsBefore.set(what, await restarts(find()));
    await away();
  }
  awayAtMs = performance.now();
  for (const { find } of OUTAGES) {
    const { scene } = find();
    await scene.ns.kubectl('delete', 'service/rogers');
    await scene.patch({ mads: [{ ...GRACE, replicas: 2 }, ...OTHERS] });
  }
});

describe('two replicas with a Lease', () => {
  const at = (object: string, path: string): Promise<string> =>
    (led as Place).scene.ns.kubectl('get', object, `-o=jsonpath=${path}`);
  const password = (): Promise<string> => at('secret/redis-auth', '{.data.password}');
  const lease = async (): Promise<{ holderIdentity: string; acquireTime: string }> =>
    (
      await (led as Place).system.get<{ spec: { holderIdentity: string; acquireTime: string } }>(
        'lease/mad-operator',
      )
    ).spec;
  /** Name of the pod that leads. */
  const leader = async (): Promise<string> => {
    const { holderIdentity } = await lease();
    const pod = (await operators(led as Place)).find(({ metadata }) =>
      holderIdentity.startsWith(metadata.name),
    );
    return pod?.metadata.name ?? '';
  };
  /** Runs code in the process of an operator, by its debugger. What it comes to is not waited for. */
  const evaluate = async (pod: string, expression: string): Promise<void> => {
    const code = `
      process.kill(1, 'SIGUSR1');
      let targets;
      while (!targets) targets = await fetch('http://127.0.0.1:9229/json').then((r) => r.json(), () => null);
      const socket = new WebSocket(targets[0].webSocketDebuggerUrl);
      await new Promise((resolve) => socket.addEventListener('open', resolve));
      const params = { expression: ${JSON.stringify(expression)} };
      socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params }));
      setTimeout(() => process.exit(), 200);`;
    const { code: ended, stderr } = await (led as Place).system.exec(
      pod,
      'node',
      '--input-type=module',
      '-e',
      code,
    );
    expect(ended, stderr).toBe(0);
  };
  const HANG_MS = 30_000;
  let number = 0;

  test.each<[string, (pod: string) => Promise<unknown>]>([
    [
      'is deleted by force',
      (pod) => (led as Place).system.kubectl('delete', 'pod', pod, '--grace-period=0', '--force'),
    ],
    [
      'ends at once, and its Lease stays', // Not at once: a process waits for its debugger to go.
      (pod) => evaluate(pod, 'setTimeout(() => process.reallyExit(137), 500)'),
    ],
    [
      `hangs for ${HANG_MS / 1000} s, and then goes on`,
      (pod) => evaluate(pod, `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${HANG_MS})`),
    ],
  ])('the leader %s: work goes on within the lease time, once', async (what, kill) => {
    const place = led as Place;
    await expect.poll(async () => (await operators(place)).length).toBe(2);
    await place.system.kubectl('rollout', 'status', 'deployment/mad-operator', '--timeout=60s');
    const [first, before, owned] = [await leader(), await password(), await place.scene.owned()];
    const restartsBefore = await restarts(place);
    const passwords = place.scene.ns.start(
      'get',
      'secret/redis-auth',
      '--watch',
      '--output=jsonpath={.data.password}{"\\n"}',
    );
    await kill(first);
    const startedMs = performance.now();
    number += 1;
    await place.scene.annotate(`mads.dev/rotate=${number}`);
    await expect.poll(password, { timeout: 2 * LEASE_MS, interval: 50 }).not.toBe(before);
    const tookMs = Math.round(performance.now() - startedMs);
    figure('the leader is gone', { what, first_write_after_ms: tookMs });
    expect(tookMs).toBeLessThan(LEASE_MS);
    const ROLLED = ['StatefulSet/redis', 'StatefulSet/rogers', 'Deployment/grace'];
    const generations = (items: typeof owned): number[] =>
      ROLLED.map((key) => items.get(key)?.metadata.generation ?? 0);
    const next = generations(owned).map((generation) => generation + 1);
    await expect.poll(async () => generations(await place.scene.owned())).toEqual(next);
    await place.scene.untilVerified();
    if (what.startsWith('hangs')) {
      await expect.poll(() => restarts(place), { timeout: HANG_MS + 60_000 }).toBeGreaterThan(restartsBefore);
      const { acquireTime } = await lease();
      const log = await place.system.tryKubectl('logs', first, '--previous', '--timestamps');
      const late = log.stdout.split('\n').filter((line) => line > acquireTime && line.includes('"Applied"'));
      expect(late).toEqual([]);
    }
    // Nothing was done twice, and nothing made anew.
    await passwords.stop();
    expect(new Set(passwords.stdout().split('\n').filter(Boolean)).size).toBe(2);
    const now = await place.scene.owned();
    expect([...now].map(([key, { metadata }]) => [key, metadata.uid])).toEqual(
      [...owned].map(([key, { metadata }]) => [key, metadata.uid]),
    );
    expect(generations(now)).toEqual(next);
  });
});

const restarted = async (what: string, place: Place): Promise<number> =>
  (await restarts(place)) - (restartsBefore.get(what) ?? 0);

describe(`the API server away for ${AWAY_MS / 1000} s and more`, () => {
  test('the groups have gone on, as they were', async () => {
    await sleep(Math.max(0, awayAtMs + AWAY_MS - performance.now()));
    for (const { what, find } of OUTAGES) {
      const { ns, pods, owned } = find().scene;
      const { code, stdout, stderr } = await ns.exec('rogers-0', 'mad-status');
      expect(code, stderr).toBe(0);
      expect(stdout).toContain('Status: HEALTHY');
      expect(await pods()).toEqual(podsBefore.get(what));
      expect([...(await owned('service')).keys()]).not.toContain('Service/rogers');
    }
  });

  test('the operator comes back by itself, and takes up what has changed', async () => {
    const awayMs = Math.round(performance.now() - awayAtMs);
    for (const { back } of OUTAGES) await back();
    const backAtMs = performance.now();
    await Promise.all(
      OUTAGES.map(async ({ what, find }) => {
        const { ns, untilVerified, owned } = find().scene;
        const replicas = (): Promise<string> =>
          ns.kubectl('get', 'deployment/grace', '-o=jsonpath={.status.readyReplicas}');
        await expect.poll(replicas, { timeout: BACK_WITHIN_MS }).toBe('2');
        await untilVerified(BACK_WITHIN_MS);
        expect([...(await owned('service')).keys()]).toContain('Service/rogers');
        const verified_after_ms = Math.round(performance.now() - backAtMs);
        const facts = {
          what,
          away_ms: awayMs,
          verified_after_ms,
          restarts: await restarted(what, find()),
          ended_with: await ends(find()),
        };
        figure('the API server was away', facts);
      }),
    );
  });

  test('without a storm of restarts, and with the pods that there were', async () => {
    for (const { what, find } of OUTAGES) {
      expect(await restarted(what, find()), what).toBeLessThanOrEqual(1);
      expect(await find().scene.pods()).toEqual(expect.arrayContaining(podsBefore.get(what) as string[]));
    }
  });
});
