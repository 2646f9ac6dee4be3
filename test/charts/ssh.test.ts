// Administration over SSH in the charts, beside what charts/mad-group/tests/ssh_test.yaml says of it.
import { expect, test } from 'vitest';
import { template } from '../kit/helm.ts';

test('without keys there is no port, no volume, no rule', async () => {
  const { stdout, stderr } = await template('mad-group');
  expect(stdout, stderr).toContain('kind: NetworkPolicy');
  expect(stdout).not.toMatch(/ssh|2222/);
});

test('other keys restart nothing: they are read while the MAD runs', async () => {
  const checksums = async (keys: string): Promise<string[]> => {
    const { stdout, stderr } = await template(
      'fiedler',
      '--set',
      `redis.url=redis://redis:6379,redis.passwordSecret=redis-auth,ssh.authorizedKeys=${keys}`,
    );
    expect(stdout, stderr).toContain('name: fiedler-ssh');
    return stdout.match(/checksum\/config: \S+/g) ?? [];
  };
  const before = await checksums('ssh-ed25519 AAAA ada@desk');
  expect(before).toHaveLength(1);
  expect(await checksums('ssh-ed25519 BBBB grace@ship')).toEqual(before);
});
