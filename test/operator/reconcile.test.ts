// The loop at a real API server without nodes: what is made, kept, taken back, and left alone.
import { KubeConfig } from '@kubernetes/client-node';
import { silentLogger } from '@mad-group/protocol';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createOperatorMetrics } from '../../services/operator/src/metrics.ts';
import { createOperator, type Operator } from '../../services/operator/src/operator.ts';
import { type ApiServer, startApiServer } from '../kit/api-server.ts';
import { run } from '../kit/process.ts';

/** Deadline of the issue that asked for it: what is deleted by hand is back. */
const BACK_WITHIN_MS = 10_000;
const CRD = 'charts/mad-operator/templates/crd.yaml';
let server: ApiServer;
let operator: Operator | undefined;
const metrics = createOperatorMetrics(() => operator?.queueDepth ?? 0);
let number = 0;

beforeAll(async () => {
  server = await startApiServer();
  await kubectl('apply', '--server-side', '-f', CRD);
  await kubectl('wait', '--for=condition=Established', 'crd/madgroups.mads.dev', '--timeout=30s');
});
afterEach(() => operator?.stop());
afterAll(() => server?.stop());

async function kubectl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run('kubectl', args, server.env);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return stdout;
}
const get = async <T>(...args: string[]): Promise<T> =>
  JSON.parse(await kubectl('get', ...args, '-o', 'json')) as T;

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
}
const KINDS = 'statefulset,deployment,service,secret,configmap,serviceaccount,networkpolicy,pdb';
const items = async (namespace: string): Promise<readonly Item[]> =>
  (await get<{ items: Item[] }>(KINDS, '-n', namespace, '-l', 'mads.dev/group=demo')).items;
const names = async (namespace: string): Promise<string[]> =>
  (await items(namespace)).map(({ kind, metadata }) => `${kind}/${metadata.name}`).toSorted();

async function startOperator(): Promise<void> {
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromFile(server.kubeconfig);
  operator = createOperator({
    kubeconfig,
    helm: 'helm',
    chart: 'charts/mad-group',
    metrics,
    log: silentLogger,
    verify: async () => ({ problems: [], versions: { grace: '0.1.0' }, isHeard: true }),
  });
  await operator.start();
}

async function newNamespace(): Promise<string> {
  number += 1;
  const namespace = `group-${number}`;
  await kubectl('create', 'namespace', namespace);
  return namespace;
}

async function applyGroup(
  namespace: string,
  metadata: { name: string; annotations?: object },
  spec: object = {},
): Promise<void> {
  const resource = { apiVersion: 'mads.dev/v1alpha1', kind: 'MadGroup', metadata, spec };
  const args = ['apply', '-n', namespace, '-f', '-'];
  const { stderr } = await run('kubectl', args, server.env, JSON.stringify(resource));
  expect(stderr).toBe('');
}

async function createGroup(spec: object = {}, annotations: object = {}): Promise<string> {
  const namespace = await newNamespace();
  await applyGroup(namespace, { name: 'demo', annotations }, spec);
  return namespace;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}
const condition = async (namespace: string, type: string): Promise<Condition | undefined> => {
  const { status } = await get<{ status?: { conditions?: Condition[] } }>('mg/demo', '-n', namespace);
  return status?.conditions?.find((each) => each.type === type);
};
const untilMade = async (namespace: string): Promise<void> => {
  await expect.poll(() => names(namespace), { timeout: 60_000 }).toContain('StatefulSet/rogers');
  await expect.poll(async () => (await condition(namespace, 'Available'))?.status).toBe('False');
};
/** What kubelet and controllers would say: every pod runs. */
const pretendReady = async (namespace: string): Promise<void> => {
  for (const { kind, metadata } of await items(namespace)) {
    if (kind !== 'StatefulSet' && kind !== 'Deployment') continue;
    const status = {
      replicas: 1,
      readyReplicas: 1,
      updatedReplicas: 1,
      availableReplicas: 1,
      observedGeneration: 99,
    };
    await kubectl(
      'patch',
      `${kind.toLowerCase()}/${metadata.name}`,
      '-n',
      namespace,
      '--subresource=status',
      '--type=merge',
      '-p',
      JSON.stringify({ status }),
    );
  }
};

describe('a group with nothing but a name', () => {
  test('is made whole, becomes available and verified, and then nothing is written any more', async () => {
    await startOperator();
    const namespace = await createGroup();
    await untilMade(namespace);
    expect((await names(namespace)).filter((name) => /Set|Deployment|Secret/.test(name))).toEqual([
      'Deployment/grace',
      'Deployment/sequential-thinking',
      'Secret/demo-bus-password',
      'Secret/demo-tokens',
      'StatefulSet/fiedler',
      'StatefulSet/redis',
      'StatefulSet/rogers',
    ]);
    expect(await condition(namespace, 'Available')).toMatchObject({
      message: expect.stringContaining('redis'),
    });
    await pretendReady(namespace);
    await expect.poll(async () => (await condition(namespace, 'Verified'))?.status).toBe('True');

    const versions = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        (await items(namespace)).map(({ kind, metadata }) => [
          `${kind}/${metadata.name}`,
          metadata.resourceVersion,
        ]),
      );
    // What is written is what the charts say: peers of a policy, for one, get lost in the client's models.
    const policy = await get<{ spec: { ingress: { from?: unknown[] }[] } }>(
      'networkpolicy/redis',
      '-n',
      namespace,
    );
    expect(policy.spec.ingress).toEqual([
      expect.objectContaining({ from: [{ podSelector: { matchLabels: { 'mads.dev/member': 'true' } } }] }),
    ]);
    const text = await metrics.registry.metrics();
    expect(text).toContain(
      `mad_operator_group_condition{namespace="${namespace}",group="demo",condition="Verified"} 1`,
    );
    expect(text).toMatch(/mad_operator_api_writes_total\{verb="apply",kind="StatefulSet"\} 3/);
    const before = await versions();
    // A restarted operator knows nothing, and finds all as it should be.
    await operator?.stop();
    await startOperator();
    await kubectl('annotate', 'mg/demo', '-n', namespace, 'example/look=again');
    await expect.poll(async () => (await condition(namespace, 'Accepted'))?.status).toBe('True');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await versions()).toEqual(before);
  });

  test('gets back whatever is deleted by hand, and says meanwhile that it is not available', {
    timeout: 300_000,
  }, async () => {
    await startOperator();
    const namespace = await createGroup();
    await untilMade(namespace);
    await pretendReady(namespace);
    await expect.poll(async () => (await condition(namespace, 'Available'))?.status).toBe('True');
    for (const { kind, metadata } of await items(namespace)) {
      const object = `${kind.toLowerCase()}/${metadata.name}`;
      await kubectl('delete', object, '-n', namespace);
      const uid = (): Promise<string> =>
        kubectl('get', object, '-n', namespace, '-o', 'jsonpath={.metadata.uid}', '--ignore-not-found');
      await expect.poll(uid, { timeout: BACK_WITHIN_MS, message: object }).toMatch(/^[0-9a-f-]{36}$/);
      expect(await uid()).not.toBe(metadata.uid);
      if (kind !== 'StatefulSet') continue;
      await expect.poll(async () => (await condition(namespace, 'Available'))?.status).toBe('False');
      await pretendReady(namespace);
      await expect.poll(async () => (await condition(namespace, 'Available'))?.status).toBe('True');
    }
  });

  test('takes back what somebody else has changed, added fields too, and leaves an autoscaler’s replicas alone', async () => {
    await startOperator();
    const namespace = await createGroup();
    await untilMade(namespace);
    const ports = (): Promise<string> =>
      kubectl('get', 'service/grace', '-n', namespace, '-o', 'jsonpath={.spec.ports[*].name}');
    await kubectl(
      'patch',
      'service/grace',
      '-n',
      namespace,
      '-p',
      '{"spec": {"ports": [{"name": "extra", "port": 9999}]}}',
    );
    await expect.poll(ports, { timeout: BACK_WITHIN_MS }).toBe('mcp platform');

    const image = (): Promise<string> =>
      kubectl(
        'get',
        'deployment/grace',
        '-n',
        namespace,
        '-o',
        'jsonpath={.spec.template.spec.containers[0].image}',
      );
    await kubectl('set', 'image', 'deployment/grace', '-n', namespace, 'grace=evil:1');
    await expect.poll(image, { timeout: BACK_WITHIN_MS }).toBe('mad/grace:0.1.0');

    await kubectl('scale', 'deployment/grace', '-n', namespace, '--replicas=3');
    await kubectl('annotate', 'mg/demo', '-n', namespace, 'example/look=again');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await kubectl('get', 'deployment/grace', '-n', namespace, '-o', 'jsonpath={.spec.replicas}')).toBe(
      '3',
    );
  });
});

describe('the spec', () => {
  test('that no longer declares a MAD removes it, and keeps the secrets', async () => {
    await startOperator();
    const namespace = await createGroup();
    await untilMade(namespace);
    const password = (): Promise<string> =>
      kubectl('get', 'secret/demo-bus-password', '-n', namespace, '-o', 'jsonpath={.data.password}');
    const before = await password();
    await kubectl(
      'patch',
      'mg/demo',
      '-n',
      namespace,
      '--type=merge',
      '-p',
      '{"spec": {"mads": [{"name": "grace", "replicas": 2}, {"name": "rogers"}, {"name": "sequential-thinking"}]}}',
    );
    await expect.poll(() => names(namespace), { timeout: 30_000 }).not.toContain('StatefulSet/fiedler');
    expect((await names(namespace)).filter((name) => name.includes('fiedler'))).toEqual([]);
    expect(await kubectl('get', 'deployment/grace', '-n', namespace, '-o', 'jsonpath={.spec.replicas}')).toBe(
      '2',
    );
    expect(await password()).toBe(before);
  });

  test('that asks for other secrets gets them once', async () => {
    await startOperator();
    const namespace = await createGroup();
    await untilMade(namespace);
    const password = (): Promise<string> =>
      kubectl('get', 'secret/demo-bus-password', '-n', namespace, '-o', 'jsonpath={.data.password}');
    const sum = (): Promise<string> =>
      kubectl(
        'get',
        'statefulset/redis',
        '-n',
        namespace,
        '-o',
        'jsonpath={.spec.template.metadata.annotations}',
      );
    const [before, sumBefore] = [await password(), await sum()];
    await kubectl('annotate', 'mg/demo', '-n', namespace, 'mads.dev/rotate=1');
    await expect.poll(password, { timeout: 30_000 }).not.toBe(before);
    const rotated = await password();
    await expect.poll(sum).not.toBe(sumBefore);
    await kubectl('annotate', 'mg/demo', '-n', namespace, 'example/look=again');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await password()).toBe(rotated);
  });

  test.each([
    [
      'names a Secret that is not there',
      { llm: { apiKeySecretRef: { name: 'openai' } } },
      'SecretMissing',
      /Secret openai with the key api-key/,
    ],
    [
      'has values that the chart refuses',
      { mads: [{ name: 'grace', values: { replcas: 1 } }] },
      'ValuesRefused',
      /replcas/,
    ],
    [
      'has a MAD of its own',
      { mads: [{ name: 'librarian', image: 'x/librarian:1' }] },
      'NotSupported',
      /librarian/,
    ],
    [
      'names the operator’s own Secret',
      { bus: { passwordSecretRef: { name: 'demo-bus-password' } } },
      'NameTaken',
      /demo-bus-password, which is the operator's own/,
    ],
    [
      'makes a kind that is not applied',
      {
        mads: [
          {
            name: 'grace',
            values: { httpRoute: { enabled: true, parentRefs: [{ name: 'x' }], hostnames: ['a.example'] } },
          },
        ],
      },
      'NotSupported',
      /HTTPRoute/,
    ],
  ])('that %s is not accepted, and nothing is made', async (_what, spec, reason, message) => {
    await startOperator();
    const namespace = await createGroup(spec);
    await expect
      .poll(() => condition(namespace, 'Accepted'), { timeout: 30_000 })
      .toMatchObject({ status: 'False', reason, message: expect.stringMatching(message) });
    expect(await names(namespace)).toEqual([]);
  });

  test('that the API server refuses in part is told in its words, and the rest is made', async () => {
    await startOperator();
    const namespace = await createGroup({
      mads: [{ name: 'grace', values: { podLabels: { 'bad key': 'x' } } }],
    });
    await expect
      .poll(() => condition(namespace, 'Accepted'), { timeout: 30_000 })
      .toMatchObject({
        status: 'False',
        reason: 'ApplyRefused',
        message: expect.stringMatching(/Deployment\/grace was refused: .*bad key/),
      });
    expect(await names(namespace)).toContain('StatefulSet/redis');
  });

  test('leaves an object of somebody else alone, and is not accepted', async () => {
    await startOperator();
    const namespace = await newNamespace();
    await kubectl('create', 'service', 'clusterip', 'redis', '-n', namespace, '--tcp=1234');
    await applyGroup(namespace, { name: 'demo' });
    await expect
      .poll(() => condition(namespace, 'Accepted'), { timeout: 30_000 })
      .toMatchObject({
        status: 'False',
        reason: 'NameTaken',
        message: expect.stringContaining('Service/redis'),
      });
    expect(await names(namespace)).toEqual([]);
    const port = await kubectl(
      'get',
      'service/redis',
      '-n',
      namespace,
      '-o',
      'jsonpath={.spec.ports[0].port}',
    );
    expect(port).toBe('1234');
  });

  test('with sizes in other words than the API server’s is left alone', async () => {
    await startOperator();
    const namespace = await createGroup({ bus: { storage: { size: '1.5Gi' } } });
    await untilMade(namespace);
    const uid = (): Promise<string> =>
      kubectl('get', 'statefulset/redis', '-n', namespace, '-o', 'jsonpath={.metadata.uid}');
    const before = await uid();
    await kubectl('annotate', 'mg/demo', '-n', namespace, 'example/look=again');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await uid()).toBe(before);
  });

  test('that is paused is left alone until it is not', async () => {
    await startOperator();
    const namespace = await createGroup({}, { 'mads.dev/paused': 'true' });
    await expect
      .poll(async () => (await condition(namespace, 'Progressing'))?.reason, { timeout: 30_000 })
      .toBe('Paused');
    expect(await names(namespace)).toEqual([]);
    await kubectl('annotate', 'mg/demo', '-n', namespace, 'mads.dev/paused-');
    await untilMade(namespace);
  });

  test('of a second group in a namespace is not accepted', async () => {
    await startOperator();
    const namespace = await createGroup();
    await untilMade(namespace);
    await applyGroup(namespace, { name: 'late' });
    await expect
      .poll(
        async () =>
          (await get<{ status?: { conditions?: Condition[] } }>('mg/late', '-n', namespace)).status
            ?.conditions?.[0],
        { timeout: 30_000 },
      )
      .toMatchObject({ status: 'False', reason: 'NamespaceTaken', message: expect.stringContaining('demo') });
  });
});
