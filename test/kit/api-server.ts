import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditedRequest, auditFlags, readAuditLog } from './audit-log.ts';
import { freePorts } from './free-ports.ts';
import { type Running, run, start } from './process.ts';

/** A Kubernetes API server without nodes or controllers: it stores, checks and tells, and no more. */
export interface ApiServer {
  readonly url: string;
  /** Path of a kubeconfig of an administrator; gone after `stop`. */
  readonly kubeconfig: string;
  /** The environment that kubectl reaches it with. */
  readonly env: Readonly<Record<string, string>>;
  /** What was asked of it until now, by everyone. */
  requests(): AuditedRequest[];
  /** Path of a kubeconfig of the same administrator by another way, as `https://127.0.0.1:PORT`. */
  kubeconfigAt(url: string): string;
  /** Path of a kubeconfig of whoever has the token. */
  kubeconfigFor(token: string): string;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 120_000;

/**
 * Starts etcd and kube-apiserver on ports of 127.0.0.1, with RBAC and a folder of their own.
 * Throws, with what the program said, where one ends before it is ready.
 *
 * @param options.admission plugins of admission beside those that are on by themselves
 */
export async function startApiServer({
  admission = [],
}: {
  readonly admission?: readonly string[];
} = {}): Promise<ApiServer> {
  const assets = assetsFolder();
  const folder = mkdtempSync(join(tmpdir(), 'mad-api-server-'));
  const [etcdPort, peerPort, port] = (await freePorts(3)) as [number, number, number];
  const url = `https://127.0.0.1:${port}`;
  const token = randomBytes(16).toString('hex');
  const writeKubeconfig = (server: string, bearer: string): string => {
    const path = join(folder, `kubeconfig-${randomBytes(4).toString('hex')}`);
    const text = kubeconfigOf(server, join(folder, 'apiserver.crt'), bearer);
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const kubeconfig = writeKubeconfig(url, token);
  // What kubectl keeps of another server that had this port is not of this one.
  const env = { KUBECONFIG: kubeconfig, KUBECACHEDIR: join(folder, 'cache') };
  const processes: Running[] = [];
  const stop = async (): Promise<void> => {
    // What they hold goes with the folder, so nothing is lost by not waiting for their clients.
    for (const process of processes.toReversed()) await process.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    writeFileSync(join(folder, 'tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'service-accounts.pem'), signingKey(), { mode: 0o600 });
    processes.push(start(join(assets, 'etcd'), etcdFlags(folder, etcdPort, peerPort)));
    const flags = [...apiServerFlags(folder, etcdPort, port), ...auditFlags(folder)];
    if (admission.length > 0) flags.push(`--enable-admission-plugins=${admission.join(',')}`);
    processes.push(start(join(assets, 'kube-apiserver'), flags));
    await ready(processes, () => run(join(assets, 'kubectl'), ['get', '--raw=/readyz'], env));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    kubeconfig,
    env,
    requests: () => readAuditLog(folder),
    kubeconfigAt: (other) => writeKubeconfig(other, token),
    kubeconfigFor: (others) => writeKubeconfig(url, others),
    stop,
  };
}

function assetsFolder(): string {
  const folder = process.env.KUBEBUILDER_ASSETS;
  const missing = ['etcd', 'kube-apiserver', 'kubectl'].filter(
    (name) => !folder || !existsSync(join(folder, name)),
  );
  if (folder && missing.length === 0) return folder;
  throw new Error(
    `KUBEBUILDER_ASSETS is ${folder ? `${folder}, without ${missing.join(', ')}` : 'not set'}: it names a folder with ` +
      'etcd, kube-apiserver and kubectl. `go run sigs.k8s.io/controller-runtime/tools/setup-envtest@latest use -p path` ' +
      'brings them and prints it.',
  );
}

const etcdFlags = (folder: string, port: number, peerPort: number): string[] => [
  `--data-dir=${join(folder, 'etcd')}`,
  `--listen-client-urls=http://127.0.0.1:${port}`,
  `--advertise-client-urls=http://127.0.0.1:${port}`,
  `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
  `--initial-advertise-peer-urls=http://127.0.0.1:${peerPort}`,
  `--initial-cluster=default=http://127.0.0.1:${peerPort}`,
  '--log-level=error',
  // Nothing here outlives the machine.
  '--unsafe-no-fsync',
];

const apiServerFlags = (folder: string, etcdPort: number, port: number): string[] => [
  `--etcd-servers=http://127.0.0.1:${etcdPort}`,
  '--bind-address=127.0.0.1',
  '--advertise-address=127.0.0.1',
  // An address of this machine alone is none that a Service could lead to.
  '--endpoint-reconciler-type=none',
  `--secure-port=${port}`,
  // Where it leaves the certificate that it makes for itself.
  `--cert-dir=${folder}`,
  `--token-auth-file=${join(folder, 'tokens.csv')}`,
  '--authorization-mode=RBAC',
  '--service-cluster-ip-range=10.0.0.0/16',
  '--service-account-issuer=https://kubernetes.default.svc',
  `--service-account-key-file=${join(folder, 'service-accounts.pem')}`,
  `--service-account-signing-key-file=${join(folder, 'service-accounts.pem')}`,
  // No controller makes the accounts that it would ask for when a pod is written.
  '--disable-admission-plugins=ServiceAccount',
];

const signingKey = (): string =>
  generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs1', format: 'pem' })
    .toString();

const kubeconfigOf = (server: string, caFile: string, token: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test', namespace: 'default' } }],
    'current-context': 'test',
  });

async function ready(
  processes: readonly Running[],
  ask: () => Promise<{ readonly code: number | null; readonly stderr: string }>,
): Promise<void> {
  const deadlineMs = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const ended = processes.find(({ child }) => child.exitCode !== null || child.signalCode !== null);
    if (ended) throw new Error(`${ended.child.spawnfile} ended:\n${ended.stderr().slice(-4000)}`);
    const { code, stderr } = await ask();
    if (code === 0) return;
    if (performance.now() > deadlineMs) throw new Error(`the API server is not ready: ${stderr}`);
    await sleep(100);
  }
}
