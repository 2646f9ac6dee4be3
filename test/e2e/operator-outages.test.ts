// An operator that is killed while it leads, or has no API server. Three of them side by side, each
// with a namespace of its own to watch; while two have no API server, the leader of the third is killed.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createNamespace, type TestNamespace } from '../kit/cluster.ts';
import { figure, scaled } from '../kit/scale.ts';
import { evaluateIn } from './evaluate-in.ts';
import { leadThroughForwarder, scaleForwarder, toggleForwarder } from './forwarder.ts';
import {
  CHART,
  createScene,
  type Item,
  LIGHT,
  operatorLogs,
  removeOperator,
  type Scene,
} from './operator-scene.ts';

/** Deadlines of the issue that asked for them. */
const LEASE_MS = 15_000;
const AWAY_MS = 60_000;
const ROUNDS = scaled({ short: 1, full: 10 });
/** From the API server's return to a group that is as declared and verified. */
const BACK_WITHIN_MS = 60_000;
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
    away: () => scaleForwarder((refused as Place).system, 0),
    back: () => scaleForwarder((refused as Place).system, 1),
  },
  {
    what: 'says nothing',
    find: () => silent as Place,
    away: () => toggleForwarder((silent as Place).system),
    back: () => toggleForwarder((silent as Place).system),
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
  const evaluate = (pod: string, expression: string): Promise<void> =>
    evaluateIn((led as Place).system, pod, expression);
  const HANG_MS = 30_000;
  const ROTATED = ['StatefulSet/redis', 'StatefulSet/rogers', 'Deployment/grace'];
  const generations = (items: ReadonlyMap<string, Item>): number[] =>
    ROTATED.map((key) => items.get(key)?.metadata.generation ?? 0);
  const uids = (items: ReadonlyMap<string, Item>): string[] =>
    [...items].map(([key, { metadata }]) => `${key} ${metadata.uid}`);
  let number = 0;

  /**
   * Asks for other secrets while the leader ends, and sees that they are made once, each workload is
   * changed once, and nothing is made anew.
   *
   * @returns the leader's pod, and when the first of it was written
   */
  async function rotateWhile(end: (pod: string) => Promise<unknown>): Promise<{ pod: string; ms: number }> {
    const { system, scene } = led as Place;
    await system.kubectl('rollout', 'status', 'deployment/mad-operator', '--timeout=60s');
    await expect.poll(async () => (await operators(led as Place)).length).toBe(2);
    await expect.poll(leader).not.toBe('');
    const [pod, before, owned] = [await leader(), await password(), await scene.owned()];
    const output = '--output=jsonpath={.data.password}{"\\n"}';
    const passwords = scene.ns.start('get', 'secret/redis-auth', '--watch', output);
    await end(pod);
    const startedMs = performance.now();
    number += 1;
    await scene.annotate(`mads.dev/rotate=${number}`);
    await expect.poll(password, { timeout: 2 * LEASE_MS, interval: 50 }).not.toBe(before);
    const ms = Math.round(performance.now() - startedMs);
    const next = generations(owned).map((generation) => generation + 1);
    await expect.poll(async () => generations(await scene.owned())).toEqual(next);
    await scene.untilVerified();
    await passwords.stop();
    expect(new Set(passwords.stdout().split('\n').filter(Boolean)).size).toBe(2);
    const now = await scene.owned();
    expect(generations(now)).toEqual(next);
    expect(uids(now)).toEqual(uids(owned));
    return { pod, ms };
  }

  /** A process waits for its debugger to go. */
  const exitIn = (ms: number) => (pod: string) =>
    evaluate(pod, `setTimeout(() => process.reallyExit(137), ${ms})`);
  const hang = (pod: string): Promise<void> =>
    evaluate(pod, `Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${HANG_MS})`);

  test.each<[string, (pod: string) => Promise<unknown>]>([
    [
      'is deleted by force',
      (pod) => (led as Place).system.kubectl('delete', 'pod', pod, '--grace-period=0', '--force'),
    ],
    ['ends, and its Lease stays', exitIn(500)],
  ])('the leader %s: work goes on within the lease time, once', async (what, end) => {
    const { ms } = await rotateWhile(end);
    figure('the leader is gone', { what, first_write_after_ms: ms });
    expect(ms).toBeLessThan(LEASE_MS);
  });

  test(`the leader hangs for ${HANG_MS / 1000} s and wakes up: it writes nothing more`, async () => {
    const { system } = led as Place;
    const before = await restarts(led as Place);
    const { pod, ms } = await rotateWhile(hang);
    figure('the leader is gone', { what: 'hangs', first_write_after_ms: ms });
    expect(ms).toBeLessThan(LEASE_MS);
    await expect.poll(() => restarts(led as Place), { timeout: HANG_MS + 60_000 }).toBeGreaterThan(before);
    const { acquireTime } = await lease();
    const { stdout } = await system.tryKubectl('logs', pod, '--previous', '--timestamps');
    expect(stdout).toMatch(/could not be renewed|Another process leads/);
    const late = stdout.split('\n').filter((line) => line > acquireTime && line.includes('"Applied"'));
    expect(late).toEqual([]);
  });

  test(`the leader ends in the midst of it, ${ROUNDS} times: it is done once`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      // Pods of their own for each: kubelet lets a container that ended often wait for minutes.
      await (led as Place).system.kubectl('rollout', 'restart', 'deployment/mad-operator');
      await rotateWhile(exitIn(500 + Math.random() * 1_000));
    }
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
