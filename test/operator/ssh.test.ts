// Administration over SSH in a MadGroup: it goes through the values of a MAD's chart.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Scene, startScene } from './scene.ts';

const KEY = 'ssh-ed25519 AAAA ada@desk';
let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene?.stop());

test('a MadGroup hands keys to its MADs: a Secret of one’s own, waited for, or keys in the values', async () => {
  await scene.start();
  const group = await scene.createGroup({
    mads: [
      { name: 'grace' },
      { name: 'fiedler', values: { ssh: { existingSecret: 'people' } } },
      { name: 'rogers', values: { ssh: { authorizedKeys: KEY } } },
      { name: 'sequential-thinking' },
    ],
  });
  await expect
    .poll(() => group.condition('Accepted'), { timeout: 30_000 })
    .toMatchObject({
      reason: 'SecretMissing',
      message: expect.stringMatching(/^mads\[fiedler\]\.values\.ssh\.existingSecret names the Secret people/),
    });
  await group.kubectl('create', 'secret', 'generic', 'people', `--from-literal=authorized_keys=${KEY}`);
  await group.untilMade();

  const volume = (mad: string): Promise<string> =>
    group.field(`statefulset/${mad}`, '.spec.template.spec.volumes[?(@.name=="ssh")].secret.secretName');
  expect([await volume('fiedler'), await volume('rogers')]).toEqual(['people', 'rogers-ssh']);
  expect(await group.field('service/fiedler', '.spec.ports[?(@.name=="ssh")].port')).toBe('2222');
  expect(await group.field('networkpolicy/fiedler', '.spec.ingress[*].from[*].podSelector')).toContain(
    '"mads.dev/admin":"true"',
  );

  // MADs read their keys while they run: others restart nothing.
  const keys = (): Promise<string> => group.field('secret/rogers-ssh', '.data.authorized_keys');
  const generations = (): Promise<string[]> =>
    Promise.all(
      ['fiedler', 'rogers'].map((mad) => group.field(`statefulset/${mad}`, '.metadata.generation')),
    );
  const before = [await keys(), await generations()] as const;
  await group.kubectl('patch', 'secret', 'people', '-p', '{"stringData": {"authorized_keys": "# nobody"}}');
  await group.kubectl(
    'patch',
    'mg/demo',
    '--type=json',
    '-p',
    '[{"op": "replace", "path": "/spec/mads/2/values/ssh/authorizedKeys", "value": "ssh-ed25519 BBBB grace@ship"}]',
  );
  await expect.poll(keys, { timeout: 30_000 }).not.toBe(before[0]);
  expect(await generations()).toEqual(before[1]);
});
