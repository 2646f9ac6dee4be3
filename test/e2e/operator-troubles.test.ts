// Groups that cannot run as they are declared: the condition names why, in words that tell what to do,
// and what was missing is taken up when it is there. All are made at once; each test looks at one.
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { TestNamespace } from '../kit/cluster.ts';
import {
  copyDefaultClass,
  createScene,
  installOperator,
  LIGHT,
  operatorLogs,
  removeOperator,
  type Scene,
} from './operator-scene.ts';

let system: TestNamespace | undefined;
const scenes: Record<string, Scene> = {};
const of = (name: string): Scene => scenes[name] as Scene;
const GRACE = { ...LIGHT, name: 'grace' };
/** Fiedler has its plans made there. */
const PLANS = { ...LIGHT, name: 'sequential-thinking' };
/** Made when they were missed. */
const CLASSES = ['mad-e2e-a', 'mad-e2e-b'];
const TOLD_WITHIN_MS = 60_000;

/** Fiedler with the key of a model that nobody asks. */
const WITH_KEY = {
  ...LIGHT,
  name: 'fiedler',
  values: { llm: { apiKeySecret: 'model', baseUrl: 'http://model.default.svc/v1' } },
};
const withVariable = (variable: object): object => ({ ...GRACE, values: { extraEnv: [variable] } });
const SPECS: Readonly<Record<string, object>> = {
  'no class': {
    bus: { storage: { storageClass: CLASSES[0] } },
    mads: [GRACE, PLANS, { ...LIGHT, name: 'fiedler', storage: { storageClass: CLASSES[1] } }],
  },
  'no secret': { bus: { passwordSecretRef: { name: 'given' } }, mads: [GRACE] },
  'no key': { mads: [PLANS, WITH_KEY] },
  'no claim': {
    mads: [PLANS, { ...LIGHT, name: 'fiedler', values: { persistence: { existingClaim: 'gone' } } }],
  },
  'no variable': {
    mads: [withVariable({ name: 'X', valueFrom: { secretKeyRef: { name: 'settings', key: 'x' } } })],
  },
  'no room': { mads: [GRACE] },
  'no node': { mads: [{ name: 'grace', resources: { requests: { cpu: '1000' } } }] },
  'ends at once': { mads: [withVariable({ name: 'NODE_OPTIONS', value: '--no-such-option' })] },
};

beforeAll(async () => {
  system = await installOperator();
  for (const [name, spec] of Object.entries(SPECS)) {
    const scene = await createScene(`mad-${name.replaceAll(' ', '-')}`);
    scenes[name] = scene;
    if (name === 'no room') await scene.ns.kubectl('create', 'quota', 'small', '--hard=pods=1');
    await scene.apply(spec);
  }
});
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail' || system === undefined) return;
  const failed = Object.entries(scenes).find(([name]) => task.name.includes(name));
  console.error(await failed?.[1].describe(), await operatorLogs(system));
});
afterAll(async () => {
  for (const { ns } of Object.values(scenes)) await ns.delete();
  await removeOperator(system, ...CLASSES);
});

describe('a group with', () => {
  test.each<[string, 'Accepted' | 'Degraded', RegExp[]]>([
    [
      'no class',
      'Degraded',
      [/redis: .*claim data-redis-0: .*"mad-e2e-a" not found/, /fiedler: .*"mad-e2e-b" not found/],
    ],
    [
      'no secret',
      'Accepted',
      [/bus.passwordSecretRef names the Secret given with the key password, which is not there.*Create it/],
    ],
    ['no key', 'Accepted', [/mads\[fiedler\].values.llm.apiKeySecret names the Secret model.*Create it/]],
    ['no claim', 'Degraded', [/fiedler: pod fiedler-0 .*persistentvolumeclaim "gone" not found/]],
    ['no variable', 'Degraded', [/grace: .*secret "settings" not found/]],
    ['no room', 'Degraded', [/exceeded quota: small/]],
    ['no node', 'Degraded', [/grace: pod grace-\S+ has no node: .*Insufficient cpu/]],
    ['ends at once', 'Degraded', [/grace: pod grace-\S+ ends again and again.*no-such-option.*kubectl logs/]],
  ])('%s is told so', async (name, type, words) => {
    const message = (): Promise<string> => of(name).message(type);
    for (const each of words) await expect.poll(message, { timeout: TOLD_WITHIN_MS }).toMatch(each);
    console.log(`${name}: ${await message()}`);
  });
});

describe('what was missing is there', () => {
  const secret = (scene: Scene, name: string, key: string): Promise<string> =>
    scene.ns.kubectl('create', 'secret', 'generic', name, `--from-literal=${key}=0123456789abcdef0123`);

  test('a class, a Secret, a variable and room: the groups are verified', async () => {
    for (const name of CLASSES) await copyDefaultClass(name);
    await secret(of('no secret'), 'given', 'password');
    await secret(of('no key'), 'model', 'api-key');
    await secret(of('no variable'), 'settings', 'x');
    await of('no room').ns.kubectl('delete', 'quota/small');
    const mended = ['no class', 'no secret', 'no key', 'no variable', 'no room'];
    await Promise.all(mended.map((name) => of(name).untilVerified(180_000)));
  });

  test('and a Secret that vanishes under a group is named, by the spec and by the pod', async () => {
    const { ns, message, untilVerified } = of('no key');
    await ns.kubectl('delete', 'secret/model', 'pod/fiedler-0');
    await expect.poll(() => message('Accepted'), { timeout: 90_000 }).toContain('the Secret model');
    await expect
      .poll(() => message('Degraded'), { timeout: 90_000 })
      .toMatch(/fiedler: pod fiedler-0 waits: FailedMount, .*secret "model" not found/);
    console.log(await message('Degraded'));
    await secret(of('no key'), 'model', 'api-key');
    await untilVerified(180_000);
  });
});
