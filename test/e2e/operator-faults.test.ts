// What people do to a group that an operator keeps: they delete, edit, scale and pause it, and have
// others beside it that do not answer. The tests are steps of one life.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { TestNamespace } from '../kit/cluster.ts';
import { figure, IS_FULL } from '../kit/scale.ts';
import {
  createScene,
  type Item,
  installOperator,
  LIGHT,
  operatorLogs,
  removeOperator,
  type Scene,
} from './operator-scene.ts';

/** Deadline of the issue that asked for it: what is deleted or changed by hand is as it was. */
const BACK_WITHIN_MS = 10_000;
let system: TestNamespace | undefined;
let scene: Scene;
const beside: Scene[] = [];

beforeAll(async () => {
  system = await installOperator();
  scene = await createScene('mad-faults');
  await scene.apply();
  await scene.untilVerified();
});
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail' || system === undefined) return;
  console.error(await scene?.describe(), await operatorLogs(system));
});
afterAll(async () => {
  for (const { ns } of [scene, ...beside].filter(Boolean)) await ns.delete();
  await removeOperator(system);
});

/** Deletes objects of the group, waits until all are there anew, and says how long that took. */
async function deleteAndAwait(kind: string, names: readonly string[]): Promise<number> {
  const before = await scene.owned(kind);
  const startedMs = performance.now();
  await scene.ns.kubectl('delete', kind, ...names, '--wait=false');
  const missing = async (): Promise<string[]> => {
    const now = await scene.owned(kind);
    return [...before]
      .filter(([, { metadata }]) => names.includes(metadata.name))
      .filter(([key, { metadata }]) => (now.get(key)?.metadata.uid ?? metadata.uid) === metadata.uid)
      .map(([key]) => key);
  };
  await expect.poll(missing, { timeout: BACK_WITHIN_MS }).toEqual([]);
  return Math.round(performance.now() - startedMs);
}

describe('deleted by hand', () => {
  const kinds = [
    'networkpolicy',
    'poddisruptionbudget',
    'configmap',
    'serviceaccount',
    'service',
    'deployment',
    'statefulset',
    'secret',
  ];
  /** Of these the status tells while they are away. */
  const WITH_PODS = ['deployment', 'statefulset'];

  test.each(kinds)('every %s is back within 10 s, and the group is verified in the end', async (kind) => {
    const all = [...(await scene.owned(kind)).values()].map(({ metadata }) => metadata.name);
    expect(all.length).toBeGreaterThan(0);
    const available = scene.watch('Available');
    const tookMs = [];
    // All of a kind at once; in the full form each by itself, too.
    for (const names of [all, ...(IS_FULL ? all.map((name) => [name]) : [])]) {
      tookMs.push(await deleteAndAwait(kind, names));
      if (WITH_PODS.includes(kind)) {
        await expect.poll(available.seen, { timeout: BACK_WITHIN_MS }).toContain('False');
      }
      // Tokens reach pods when the kubelet looks after their Secrets, up to two minutes later.
      await scene.untilVerified(kind === 'secret' ? 240_000 : undefined);
    }
    await available.stop();
    figure('deleted and back', { kind, objects: all.length, slowest_ms: Math.max(...tookMs) });
  });
});

describe('changed by hand', () => {
  const field = (object: string, path: string) => (): Promise<string> =>
    scene.ns.kubectl('get', object, `-o=jsonpath=${path}`);
  const patch = (object: string, body: object) => (): Promise<string> =>
    scene.ns.kubectl('patch', object, '-p', JSON.stringify(body));

  test.each<[string, () => Promise<string>, () => Promise<string>]>([
    [
      'another image',
      () => scene.ns.kubectl('set', 'image', 'deployment/grace', 'grace=mad/grace:evil'),
      field('deployment/grace', '{.spec.template.spec.containers[0].image}'),
    ],
    [
      'a further port',
      patch('service/grace', { spec: { ports: [{ name: 'extra', port: 9999 }] } }),
      field('service/grace', '{.spec.ports[*].name}'),
    ],
    [
      'a label taken away',
      () => scene.ns.kubectl('label', 'service/rogers', 'app.kubernetes.io/part-of-'),
      field('service/rogers', '{.metadata.labels}'),
    ],
    [
      'the label of the group taken away',
      () => scene.ns.kubectl('label', 'service/fiedler', 'mads.dev/group-'),
      field('service/fiedler', '{.metadata.labels}'),
    ],
    [
      'other data in a ConfigMap',
      patch('configmap/redis', { data: { 'redis.conf': 'appendonly no', more: 'x' } }),
      field('configmap/redis', '{.data}'),
    ],
    [
      'an open NetworkPolicy',
      patch('networkpolicy/redis', { spec: { ingress: [{}] } }),
      field('networkpolicy/redis', '{.spec.ingress}'),
    ],
    [
      'a scaled StatefulSet',
      () => scene.ns.kubectl('scale', 'statefulset/rogers', '--replicas=2'),
      field('statefulset/rogers', '{.spec.replicas}'),
    ],
  ])('%s is taken back within 10 s', async (what, change, read) => {
    const before = await read();
    const startedMs = performance.now();
    const said = await change();
    expect(said).not.toMatch(/not found|no change|not labeled/);
    await expect.poll(read, { timeout: BACK_WITHIN_MS }).toBe(before);
    figure('changed and back', { what, ms: Math.round(performance.now() - startedMs) });
  });

  test('the group is verified in the end', () => scene.untilVerified());
});

describe('an autoscaler', () => {
  const generations = (items: ReadonlyMap<string, Item>): unknown[] =>
    [...items].map(([key, { metadata }]) => [key, metadata.generation]);
  const replicas = (name: string): Promise<string> =>
    scene.ns.kubectl('get', `deployment/${name}`, '-o=jsonpath={.spec.replicas}/{.status.readyReplicas}');

  test('sets the replicas of a Deployment, and they are left alone', async () => {
    await scene.ns.apply({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'grace' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'grace' },
        // It keeps to its least number without any metrics.
        minReplicas: 2,
        maxReplicas: 3,
      },
    });
    await scene.ns.kubectl('scale', 'deployment/sequential-thinking', '--replicas=2');
    await expect.poll(() => replicas('grace'), { timeout: 90_000 }).toBe('2/2');
    await expect.poll(() => replicas('sequential-thinking')).toBe('2/2');
    await scene.untilVerified();
    const before = generations(await scene.owned('deployment'));
    // A pass that brings something back has looked at all of them.
    await deleteAndAwait('poddisruptionbudget', ['grace']);
    expect(generations(await scene.owned('deployment'))).toEqual(before);
    expect(await replicas('grace')).toBe('2/2');
    await scene.ns.kubectl('delete', 'hpa/grace');
    await scene.ns.kubectl('scale', 'deployment/grace', 'deployment/sequential-thinking', '--replicas=1');
    await scene.untilVerified();
  });
});

describe('groups whose MADs take requests and answer none', () => {
  const GROUPS = 6;
  /** Longest time that a new group may take more beside them than alone. */
  const DELAY_MS = 10_000;
  /** What a MAD runs before its own code: requests to its tools end here. */
  const SILENCE = `
    import { Server } from 'node:http';
    const { emit } = Server.prototype;
    Server.prototype.emit = function (event, ...rest) {
      const isForTools = this.address()?.port === 8000 && ['request', 'upgrade'].includes(event);
      return isForTools || emit.call(this, event, ...rest);
    };`;
  const SILENT = {
    ...LIGHT,
    name: 'grace',
    values: {
      extraEnv: [
        { name: 'NODE_OPTIONS', value: `--import=data:text/javascript,${encodeURIComponent(SILENCE)}` },
      ],
    },
  };
  const add = async (spec: object): Promise<Scene> => {
    const added = await createScene('mad-beside');
    beside.push(added);
    await added.apply(spec);
    return added;
  };
  const verifiedInMs = async (): Promise<number> => {
    const startedMs = performance.now();
    await (await add({ mads: [{ name: 'grace', ...LIGHT }] })).untilVerified();
    return Math.round(performance.now() - startedMs);
  };

  test('are told of, and do not hold up a new one', async () => {
    const alone = await verifiedInMs();
    const silent = await Promise.all(Array.from({ length: GROUPS }, () => add({ mads: [SILENT] })));
    for (const each of silent) {
      await expect.poll(() => each.status('Available'), { timeout: 120_000 }).toBe('True');
      await expect
        .poll(() => each.condition('Verified'), { timeout: 60_000 })
        .toMatchObject({ status: 'False', reason: 'NotAnswered', message: expect.stringContaining('grace') });
    }
    const amongThem = await verifiedInMs();
    figure('a new group verified', { alone_ms: alone, beside: GROUPS, beside_ms: amongThem });
    expect(amongThem).toBeLessThan(alone + DELAY_MS);
  });

  test('nor what is deleted in another', async () => {
    figure('deleted and back beside them', { ms: await deleteAndAwait('service', ['rogers']) });
  });
});

describe('mads.dev/paused', () => {
  test('keeps a group as it is, until it is taken away', async () => {
    const [witness] = beside as [Scene];
    await scene.annotate('mads.dev/paused=true');
    await expect
      .poll(() => scene.condition('Progressing'))
      .toMatchObject({ status: 'False', reason: 'Paused' });
    await scene.ns.kubectl('delete', 'service/rogers', 'poddisruptionbudget/rogers');
    await scene.ns.kubectl('scale', 'statefulset/rogers', '--replicas=0');
    // The operator hears of both, of this one later, and does something about it alone.
    await witness.ns.kubectl('delete', 'service/grace');
    await expect.poll(async () => [...(await witness.owned('service')).keys()]).toContain('Service/grace');
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect([...(await scene.owned('service,poddisruptionbudget')).keys()].join()).not.toContain('rogers');
    expect(await scene.ns.kubectl('get', 'statefulset/rogers', '-o=jsonpath={.spec.replicas}')).toBe('0');
    expect(await scene.message('Progressing')).toContain('mads.dev/paused');

    await scene.annotate('mads.dev/paused-');
    await expect
      .poll(async () => [...(await scene.owned('service')).keys()], { timeout: BACK_WITHIN_MS })
      .toContain('Service/rogers');
    await scene.untilVerified();
  });
});
