import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type Finished, type Running, run, start } from './process.ts';

/** What kubectl, helm and docker take from the environment of whoever runs the tests. */
const env = Object.fromEntries(
  ['KUBECONFIG', 'DOCKER_HOST', 'KUBE_CONTEXT'].flatMap((key) => {
    const value = process.env[key];
    return value === undefined ? [] : [[key, value]];
  }),
) as Record<string, string>;

/** Runs a program to its end; an end other than 0 is an error that shows what it printed. */
export async function must(command: string, args: readonly string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, env, input);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

/** A namespace of its own on the cluster of KUBECONFIG. */
export interface TestNamespace {
  readonly name: string;
  kubectl(...args: string[]): Promise<string>;
  /** Whatever it ends with. */
  tryKubectl(...args: string[]): Promise<Finished>;
  helm(...args: string[]): Promise<string>;
  /** Applies objects, given as JSON. */
  apply(...objects: object[]): Promise<void>;
  get<T>(...args: string[]): Promise<T>;
  exec(pod: string, ...command: string[]): Promise<Finished>;
  /** A command that goes on; end it with its `stop`. */
  start(...args: string[]): Running;
  /** Pods, events and logs: what a person would look at first. */
  describe(): Promise<string>;
  delete(): Promise<void>;
}

const LABELS = { 'pod-security.kubernetes.io/enforce': 'restricted', 'e2e/namespace': 'true' };

/**
 * What an earlier run left on the cluster, as one that was killed: its namespaces, and the operator
 * that it had installed with what is of the cluster as a whole.
 */
export async function removeLeftovers(): Promise<void> {
  const ofTests = ['--selector=e2e/namespace', '--output=jsonpath={.items[*].metadata.name}'];
  await removeNamespaces(
    (await must('kubectl', ['get', 'namespaces', ...ofTests])).split(' ').filter(Boolean),
  );
}

/** Namespaces, with an operator that was installed there and what is of the cluster as a whole. */
export async function removeNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) {
    await must('helm', ['--namespace', name, 'uninstall', 'mad-operator', '--ignore-not-found']);
  }
  if (names.length === 0) return;
  // One that was on its way out may be gone by now.
  await must('kubectl', ['delete', 'namespace', '--wait=false', '--ignore-not-found', ...names]);
  await must('kubectl', ['delete', 'crd', 'madgroups.mads.dev', '--ignore-not-found', '--timeout=60s']);
}

/** A namespace that admits only pods that satisfy `restricted`. */
export async function createNamespace(prefix: string): Promise<TestNamespace> {
  const name = `${prefix}-${randomBytes(3).toString('hex')}`;
  const inside = ['--namespace', name];
  const tryKubectl = (...args: string[]): Promise<Finished> => run('kubectl', [...inside, ...args], env);
  const kubectl = (...args: string[]): Promise<string> => must('kubectl', [...inside, ...args]);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: LABELS } };
  await must('kubectl', ['create', '-f', '-'], JSON.stringify(namespace));
  return {
    name,
    kubectl,
    tryKubectl,
    helm: (...args) => must('helm', [...inside, ...args]),
    async apply(...objects) {
      const list = { apiVersion: 'v1', kind: 'List', items: objects };
      await must('kubectl', [...inside, 'apply', '-f', '-'], JSON.stringify(list));
    },
    get: async <T>(...args: string[]) => JSON.parse(await kubectl('get', ...args, '-o', 'json')) as T,
    exec: (pod, ...command) => tryKubectl('exec', pod, '--', ...command),
    start: (...args) => start('kubectl', [...inside, ...args], env),
    async describe() {
      const parts = [
        await tryKubectl('get', 'pods,pvc,svc', '-o', 'wide'),
        await tryKubectl('get', 'events', '--sort-by=.lastTimestamp'),
        await tryKubectl(
          'logs',
          '--selector=app.kubernetes.io/part-of=mad-group',
          '--all-containers',
          '--prefix',
          '--tail=30',
        ),
      ];
      return parts.map(({ stdout, stderr }) => `${stdout}${stderr}`).join('\n');
    },
    delete: async () => {
      await must('kubectl', ['delete', 'namespace', name, '--wait=false']);
    },
  };
}

/** A policy that rejects, or one that drops. */
export const REFUSED = /^(ECONNREFUSED|silence)$/;

/** What becomes of a connection from a pod that has Node: `open`, or the code of the error. */
export async function connectFrom(
  namespace: TestNamespace,
  pod: string,
  host: string,
  port: number,
): Promise<string> {
  const script = `const s = require('net').connect(${port}, '${host}'); s.setTimeout(3000, () => s.destroy(new Error('silence')));
    s.on('connect', () => { console.log('open'); process.exit(); }); s.on('error', (e) => { console.log(e.code ?? e.message); process.exit(); });`;
  return (await namespace.exec(pod, 'node', '-e', script)).stdout.trim();
}

/** Ports of a Service on this machine, until `stop`. Resolves when they are open. */
export async function forwardPort(
  namespace: TestNamespace,
  service: string,
  port: number,
): Promise<{ readonly port: number; stop(): Promise<unknown> }> {
  const running = namespace.start('port-forward', `service/${service}`, `:${port}`);
  for (;;) {
    const local = /127\.0\.0\.1:(\d+) ->/.exec(running.output())?.[1];
    if (local !== undefined) return { port: Number(local), stop: () => running.stop() };
    if (running.child.exitCode !== null) throw new Error(`kubectl port-forward: ${running.output()}`);
    await Promise.race([once(running.child.stdout as NodeJS.ReadableStream, 'data'), running.finished]);
  }
}
