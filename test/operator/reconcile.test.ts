// The loop at a real API server without nodes: what is made, kept, taken back, and left alone.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Scene, startScene } from './scene.ts';

/** Deadline of the issue that asked for it: what is deleted by hand is back. */
const BACK_WITHIN_MS = 10_000;
let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
});
afterEach(() => scene.stopOperator());
afterAll(() => scene?.stop());

describe('a group with nothing but a name', () => {
  test('is made whole, becomes available and verified, and then nothing is written any more', async () => {
    await scene.start();
    const group = await scene.createGroup();
    await group.untilMade();
    expect((await group.names()).filter((name) => /Set|Deployment|Secret/.test(name))).toEqual([
      'Deployment/grace',
      'Deployment/sequential-thinking',
      'Secret/demo-callers',
      'Secret/redis-auth',
      'StatefulSet/fiedler',
      'StatefulSet/redis',
      'StatefulSet/rogers',
    ]);
    expect(await group.condition('Available')).toMatchObject({
      message: expect.stringContaining('redis'),
    });
    await group.pretendReady();
    await expect.poll(async () => (await group.condition('Verified'))?.status).toBe('True');

    const versions = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        (await group.items()).map(({ kind, metadata }) => [
          `${kind}/${metadata.name}`,
          metadata.resourceVersion,
        ]),
      );
    // What is written is what the charts say: peers of a policy, for one, get lost in the client's models.
    const policy = await scene.kubectl.get<{ spec: { ingress: { from?: unknown[] }[] } }>(
      'networkpolicy/redis',
      '-n',
      group.namespace,
    );
    expect(policy.spec.ingress).toEqual([
      expect.objectContaining({ from: [{ podSelector: { matchLabels: { 'mads.dev/member': 'true' } } }] }),
    ]);
    const text = await scene.metrics.registry.metrics();
    expect(text).toContain(
      `mad_operator_group_condition{namespace="${group.namespace}",group="demo",condition="Verified"} 1`,
    );
    expect(text).toMatch(/mad_operator_api_writes_total\{verb="apply",kind="StatefulSet"\} 3/);
    const before = await versions();
    // A restarted operator knows nothing, and finds all as it should be.
    await scene.stopOperator();
    await scene.start();
    await group.kubectl('annotate', 'mg/demo', 'example/look=again');
    await expect.poll(async () => (await group.condition('Accepted'))?.status).toBe('True');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(await versions()).toEqual(before);
  });

  test('gets back whatever is deleted by hand, and says meanwhile that it is not available', {
    timeout: 300_000,
  }, async () => {
    await scene.start();
    const group = await scene.createGroup();
    await group.untilMade();
    await group.pretendReady();
    await expect.poll(async () => (await group.condition('Available'))?.status).toBe('True');
    for (const { kind, metadata } of await group.items()) {
      const object = `${kind.toLowerCase()}/${metadata.name}`;
      await group.kubectl('delete', object);
      const uid = (): Promise<string> =>
        group.kubectl('get', object, '-o', 'jsonpath={.metadata.uid}', '--ignore-not-found');
      await expect.poll(uid, { timeout: BACK_WITHIN_MS, message: object }).toMatch(/^[0-9a-f-]{36}$/);
      expect(await uid()).not.toBe(metadata.uid);
      if (kind !== 'StatefulSet') continue;
      await expect.poll(async () => (await group.condition('Available'))?.status).toBe('False');
      await group.pretendReady();
      await expect.poll(async () => (await group.condition('Available'))?.status).toBe('True');
    }
  });

  test('takes back what somebody else has changed, added fields too, and leaves an autoscaler’s replicas alone', async () => {
    await scene.start();
    const group = await scene.createGroup();
    await group.untilMade();
    const ports = (): Promise<string> => group.field('service/grace', '.spec.ports[*].name');
    await group.kubectl(
      'patch',
      'service/grace',
      '-p',
      '{"spec": {"ports": [{"name": "extra", "port": 9999}]}}',
    );
    await expect.poll(ports, { timeout: BACK_WITHIN_MS }).toBe('mcp platform');

    const image = (): Promise<string> =>
      group.field('deployment/grace', '.spec.template.spec.containers[0].image');
    await group.kubectl('set', 'image', 'deployment/grace', 'grace=evil:1');
    await expect.poll(image, { timeout: BACK_WITHIN_MS }).toBe('mad/grace:0.1.0');

    await group.kubectl('scale', 'deployment/grace', '--replicas=3');
    await group.kubectl('annotate', 'mg/demo', 'example/look=again');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await group.field('deployment/grace', '.spec.replicas')).toBe('3');
  });
});

describe('the spec', () => {
  test('that no longer declares a MAD removes it, and keeps the secrets', async () => {
    await scene.start();
    const group = await scene.createGroup();
    await group.untilMade();
    const password = (): Promise<string> => group.field('secret/redis-auth', '.data.password');
    const before = await password();
    await group.kubectl(
      'patch',
      'mg/demo',
      '--type=merge',
      '-p',
      '{"spec": {"mads": [{"name": "grace", "replicas": 2}, {"name": "rogers"}, {"name": "sequential-thinking"}]}}',
    );
    await expect.poll(() => group.names(), { timeout: 30_000 }).not.toContain('StatefulSet/fiedler');
    expect((await group.names()).filter((name) => name.includes('fiedler'))).toEqual([]);
    expect(await group.field('deployment/grace', '.spec.replicas')).toBe('2');
    expect(await password()).toBe(before);
  });

  test('that asks for other secrets gets them once', async () => {
    await scene.start();
    const group = await scene.createGroup();
    await group.untilMade();
    const password = (): Promise<string> => group.field('secret/redis-auth', '.data.password');
    const sum = (): Promise<string> =>
      group.field('statefulset/redis', '.spec.template.metadata.annotations');
    const [before, sumBefore] = [await password(), await sum()];
    await group.kubectl('annotate', 'mg/demo', 'mads.dev/rotate=1');
    await expect.poll(password, { timeout: 30_000 }).not.toBe(before);
    const rotated = await password();
    await expect.poll(sum).not.toBe(sumBefore);
    await group.kubectl('annotate', 'mg/demo', 'example/look=again');
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
      'has a MAD of its own with values that its chart refuses',
      { mads: [{ name: 'librarian', image: 'x/librarian:1', values: { replcas: 1 } }] },
      'ValuesRefused',
      /mads\[librarian\]\.values.*replcas/,
    ],
    [
      'names the operator’s own Secret',
      { bus: { passwordSecretRef: { name: 'redis-auth' } } },
      'NameTaken',
      /redis-auth, which is the operator's own/,
    ],
    [
      'asks for a kind that the cluster has not',
      {
        mads: [
          {
            name: 'grace',
            values: { httpRoute: { enabled: true, parentRefs: [{ name: 'x' }], hostnames: ['a.example'] } },
          },
        ],
      },
      'KindMissing',
      /grace ask for a HTTPRoute.* install the CRDs of the Gateway API, or take httpRoute\.enabled out/,
    ],
  ])('that %s is not accepted, and nothing is made', async (_what, spec, reason, message) => {
    await scene.start();
    const group = await scene.createGroup(spec);
    await expect
      .poll(() => group.condition('Accepted'), { timeout: 30_000 })
      .toMatchObject({ status: 'False', reason, message: expect.stringMatching(message) });
    expect(await group.names()).toEqual([]);
  });

  test('that the API server refuses in part is told in its words, and the rest is made', async () => {
    await scene.start();
    const group = await scene.createGroup({
      mads: [{ name: 'grace', values: { podLabels: { 'bad key': 'x' } } }],
    });
    await expect
      .poll(() => group.condition('Accepted'), { timeout: 30_000 })
      .toMatchObject({
        status: 'False',
        reason: 'ApplyRefused',
        message: expect.stringMatching(/Deployment\/grace was refused: .*bad key/),
      });
    expect(await group.names()).toContain('StatefulSet/redis');
  });

  test('that cannot be carried out now is told of, tried again, and the rest is made', async () => {
    await scene.start();
    const namespace = await scene.newNamespace();
    const nobody = { url: 'https://127.0.0.1:1/', caBundle: '' };
    const webhook = {
      name: 'nobody.example.com',
      clientConfig: nobody,
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['services'] }],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
    };
    await scene.kubectl.apply({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata: { name: 'nobody' },
      webhooks: [webhook],
    });
    const group = await scene.createGroup({}, { namespace });
    await expect
      .poll(() => group.condition('Degraded'), { timeout: 60_000 })
      .toMatchObject({
        status: 'True',
        reason: 'PassFailed',
        message: expect.stringMatching(/Service\/.* was refused: .*nobody.example.com/),
      });
    expect(await group.names()).toContain('StatefulSet/rogers');
    await scene.kubectl('delete', 'validatingwebhookconfiguration', 'nobody');
    await expect.poll(() => group.names(), { timeout: 60_000 }).toContain('Service/grace');
    await expect
      .poll(async () => (await group.condition('Degraded'))?.status, { timeout: 60_000 })
      .toBe('False');
  });

  test('leaves an object of somebody else alone, and is not accepted', async () => {
    await scene.start();
    const namespace = await scene.newNamespace();
    await scene.kubectl('create', 'service', 'clusterip', 'redis', '--tcp=1234', '-n', namespace);
    const group = await scene.createGroup({}, { namespace });
    await expect
      .poll(() => group.condition('Accepted'), { timeout: 30_000 })
      .toMatchObject({
        status: 'False',
        reason: 'NameTaken',
        message: expect.stringContaining('Service/redis'),
      });
    expect(await group.names()).toEqual([]);
    const port = await group.field('service/redis', '.spec.ports[0].port');
    expect(port).toBe('1234');
  });

  test('with sizes in other words than the API server’s is left alone', async () => {
    await scene.start();
    const group = await scene.createGroup({ bus: { storage: { size: '1.5Gi' } } });
    await group.untilMade();
    const uid = (): Promise<string> => group.field('statefulset/redis', '.metadata.uid');
    const before = await uid();
    await group.kubectl('annotate', 'mg/demo', 'example/look=again');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(await uid()).toBe(before);
  });

  test('that is paused is left alone until it is not', async () => {
    await scene.start();
    const group = await scene.createGroup({}, { annotations: { 'mads.dev/paused': 'true' } });
    await expect
      .poll(async () => (await group.condition('Progressing'))?.reason, { timeout: 30_000 })
      .toBe('Paused');
    expect(await group.names()).toEqual([]);
    await group.kubectl('annotate', 'mg/demo', 'mads.dev/paused-');
    await group.untilMade();
  });

  test('of a second group in a namespace is not accepted', async () => {
    await scene.start();
    const group = await scene.createGroup();
    await group.untilMade();
    const late = await scene.createGroup({}, { namespace: group.namespace, name: 'late' });
    await expect
      .poll(() => late.condition('Accepted'), { timeout: 30_000 })
      .toMatchObject({ status: 'False', reason: 'NamespaceTaken', message: expect.stringContaining('demo') });
    expect(await late.names()).toEqual([]);
  });
});
