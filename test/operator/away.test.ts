// The API server away, or silent, and back: what was changed meanwhile is carried out, and nothing else.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTcpProxy, type TcpProxy } from '../kit/tcp-proxy.ts';
import { kubeconfigAt, type Scene, startScene } from './scene.ts';

let scene: Scene;
let proxy: TcpProxy;

beforeAll(async () => {
  scene = await startScene();
  proxy = await startTcpProxy(Number(new URL(scene.server.url).port));
});
afterAll(async () => {
  await scene?.stop();
  await proxy?.stop();
});

test.each([
  ['refuses connections', () => proxy.refuse()],
  ['takes them and says nothing', async () => proxy.blackhole()],
])('an API server that %s for a while holds up nobody for longer', async (_what, breakIt) => {
  await scene.start({
    kubeconfig: kubeconfigAt(scene.server.kubeconfigAt(`https://127.0.0.1:${proxy.port}`)),
  });
  const group = await scene.createGroup();
  await group.untilMade();
  const uids = async (): Promise<string> => (await group.items()).map(({ metadata }) => metadata.uid).join();
  const before = await uids();
  await breakIt();
  // A watch and a pass, each in its own silence.
  await group.kubectl(
    'patch',
    'mg/demo',
    '--type=merge',
    '-p',
    '{"spec": {"mads": [{"name": "grace", "replicas": 2}]}}',
  );
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  expect(await uids()).toBe(before);
  await proxy.heal();
  // Deadlines of a request and of a watch that hears nothing: 15 and 30 s.
  await expect.poll(() => group.field('deployment/grace', '.spec.replicas'), { timeout: 60_000 }).toBe('2');
  await expect.poll(() => group.names(), { timeout: 60_000 }).not.toContain('StatefulSet/fiedler');
  await scene.stopOperator();
});
