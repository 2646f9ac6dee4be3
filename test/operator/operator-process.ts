import type { ApiServer } from '../kit/api-server.ts';
import { type Running, run, start } from '../kit/process.ts';

export interface Account {
  readonly name: string;
  readonly namespace: string;
}

/** Path of a kubeconfig of a ServiceAccount that is there. */
export async function kubeconfigOf(server: ApiServer, { name, namespace }: Account): Promise<string> {
  const args = ['create', 'token', name, '--namespace', namespace];
  const { code, stdout, stderr } = await run('kubectl', args, server.env);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`);
  return server.kubeconfigFor(stdout.trim());
}

/** The operator as it is started in its pod, as whoever the kubeconfig is of. */
export const startOperatorProcess = (
  kubeconfig: string,
  env: Readonly<Record<string, string>> = {},
): Running =>
  start('node', ['services/operator/src/main.ts'], {
    KUBECONFIG: kubeconfig,
    POD_NAME: 'mad-operator-0',
    CHART: 'charts/mad-group',
    PLATFORM_PORT: '0',
    ...env,
  });
