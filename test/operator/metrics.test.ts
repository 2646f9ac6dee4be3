// What the operator tells of itself, as Prometheus reads it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OPERATOR_METRICS } from '../../services/operator/src/metrics.ts';
import { type ApiServer, startApiServer } from '../kit/api-server.ts';
import { freePorts } from '../kit/free-ports.ts';
import { type Running, run } from '../kit/process.ts';
import { kubectlAt } from './kubectl.ts';
import { startOperatorProcess } from './operator-process.ts';

let server: ApiServer;
let ports: number[];
const operators: Running[] = [];

beforeAll(async () => {
  server = await startApiServer();
  const kubectl = kubectlAt(server);
  await kubectl('apply', '--server-side', '-f', 'charts/mad-operator/templates/crd.yaml');
  await kubectl('wait', '--for=condition=Established', 'crd/madgroups.mads.dev', '--timeout=30s');
  await kubectl.apply({ apiVersion: 'mads.dev/v1alpha1', kind: 'MadGroup', metadata: { name: 'demo' } });
  ports = await freePorts(2);
  for (const port of ports) {
    const env = { POD_NAME: `mad-operator-${port}`, PLATFORM_PORT: String(port) };
    operators.push(startOperatorProcess(server.kubeconfig, env));
  }
});
afterAll(async () => {
  for (const operator of operators) await operator.stop();
  await server?.stop();
});

const metricsOf = async (port: number): Promise<string> =>
  (await fetch(`http://127.0.0.1:${port}/metrics`)).text();

test('Prometheus’ own lint has nothing to say, and every metric that is documented is there', async () => {
  const ofLeader = async (): Promise<string> => {
    const texts = await Promise.all(ports.map((port) => metricsOf(port).catch(() => '')));
    return texts.find((text) => text.includes('mad_operator_group_condition{')) ?? '';
  };
  await expect.poll(ofLeader, { timeout: 60_000 }).not.toBe('');
  const text = await ofLeader();
  const { code, stdout, stderr } = await run('promtool', ['check', 'metrics'], {}, text);
  expect(`${stdout}${stderr}`).toBe('');
  expect(code).toBe(0);
  for (const [name, { type }] of Object.entries(OPERATOR_METRICS)) {
    expect(text).toContain(`# TYPE ${name} ${type}`);
  }
});

test('one of two replicas leads, and says so', async () => {
  const leaders = (): Promise<string[]> =>
    Promise.all(
      ports.map(async (port) => /^mad_operator_leader (\d)$/m.exec(await metricsOf(port))?.[1] ?? ''),
    );
  await expect.poll(async () => (await leaders()).toSorted()).toEqual(['0', '1']);
});
