import { KubeConfig } from '@kubernetes/client-node';
import { silentLogger } from '@mad-group/protocol';
import { expect } from 'vitest';
import { createOperatorMetrics, type OperatorMetrics } from '../../services/operator/src/metrics.ts';
import { createOperator, type Operator, type OperatorOptions } from '../../services/operator/src/operator.ts';
import { type ApiServer, startApiServer } from '../kit/api-server.ts';
import { type Kubectl, kubectlAt } from './kubectl.ts';

const CRD = 'charts/mad-operator/templates/crd.yaml';

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** A group at the API server. */
export interface GroupScene {
  readonly namespace: string;
  /** In that namespace. */
  kubectl(...args: string[]): Promise<string>;
  /** A field of an object, as `jsonpath`; empty where it is not there. */
  field(object: string, path: string): Promise<string>;
  /** What belongs to it. */
  items(): Promise<readonly Item[]>;
  /** The same as `Kind/name`, in order. */
  names(): Promise<string[]>;
  condition(type: string): Promise<Condition | undefined>;
  /** Everything is there, and the operator says that nothing is ready. */
  untilMade(): Promise<void>;
  /** What kubelet and controllers would say: every pod runs. */
  pretendReady(): Promise<void>;
}

/** An API server without nodes, and the operator in this process. */
export interface Scene {
  readonly server: ApiServer;
  readonly kubectl: Kubectl;
  readonly metrics: OperatorMetrics;
  /** Starts one; the one before must have been stopped. Every group that is ready answers at once. */
  start(options?: Partial<OperatorOptions>): Promise<Operator>;
  /** Idempotent. */
  stopOperator(): Promise<void>;
  newNamespace(): Promise<string>;
  /** In a namespace of its own, and called `demo`, where nothing else is said. */
  createGroup(
    spec?: object,
    options?: { readonly annotations?: object; readonly namespace?: string; readonly name?: string },
  ): Promise<GroupScene>;
  /** What is in a namespace, whether there is a MadGroup or not. */
  groupIn(namespace: string): GroupScene;
  stop(): Promise<void>;
}

const KINDS = 'statefulset,deployment,service,secret,configmap,serviceaccount,networkpolicy,pdb';

export async function startScene(): Promise<Scene> {
  const server = await startApiServer();
  const kubectl = kubectlAt(server);
  await kubectl('apply', '--server-side', '-f', CRD);
  await kubectl('wait', '--for=condition=Established', 'crd/madgroups.mads.dev', '--timeout=30s');
  let operator: Operator | undefined;
  let number = 0;
  const metrics = createOperatorMetrics(() => operator?.queueDepth ?? 0);
  const stopOperator = async (): Promise<void> => {
    await operator?.stop();
    operator = undefined;
  };
  const newNamespace = async (): Promise<string> => {
    number += 1;
    const name = `group-${number}`;
    await kubectl('create', 'namespace', name);
    return name;
  };

  return {
    server,
    kubectl,
    metrics,
    newNamespace,
    stopOperator,
    async start(options = {}) {
      operator = createOperator({
        kubeconfig: kubeconfigAt(server.kubeconfig),
        helm: 'helm',
        chart: 'charts/mad-group',
        metrics,
        log: silentLogger,
        verify: async () => ({ problems: [], versions: { grace: '0.1.0' }, isHeard: true }),
        ...options,
      });
      await operator.start();
      return operator;
    },
    async createGroup(spec = {}, { annotations = {}, namespace, name = 'demo' } = {}) {
      const place = namespace ?? (await newNamespace());
      const metadata = { name, annotations };
      const resource = { apiVersion: 'mads.dev/v1alpha1', kind: 'MadGroup', metadata, spec };
      await kubectl.apply(resource, '-n', place);
      return groupAt(kubectl, place, name);
    },
    groupIn: (namespace) => groupAt(kubectl, namespace, 'demo'),
    async stop() {
      await stopOperator();
      await server.stop();
    },
  };
}

export function kubeconfigAt(path: string): KubeConfig {
  const kubeconfig = new KubeConfig();
  kubeconfig.loadFromFile(path);
  return kubeconfig;
}

function groupAt(kubectl: Kubectl, namespace: string, name: string): GroupScene {
  const inside = (...args: string[]): Promise<string> => kubectl(...args, '-n', namespace);
  const items = async (): Promise<readonly Item[]> =>
    (await kubectl.get<{ items: Item[] }>(KINDS, '-n', namespace, '-l', `mads.dev/group=${name}`)).items;
  const names = async (): Promise<string[]> =>
    (await items()).map(({ kind, metadata }) => `${kind}/${metadata.name}`).toSorted();
  const condition = async (type: string): Promise<Condition | undefined> => {
    const { status } = await kubectl.get<{ status?: { conditions?: Condition[] } }>(
      `mg/${name}`,
      '-n',
      namespace,
    );
    return status?.conditions?.find((each) => each.type === type);
  };
  return {
    namespace,
    kubectl: inside,
    field: (object, path) => inside('get', object, '-o', `jsonpath={${path}}`, '--ignore-not-found'),
    items,
    names,
    condition,
    async untilMade() {
      await expect.poll(names, { timeout: 60_000 }).toContain('StatefulSet/rogers');
      await expect.poll(async () => (await condition('Available'))?.status).toBe('False');
    },
    async pretendReady() {
      for (const { kind, metadata } of await items()) {
        if (kind !== 'StatefulSet' && kind !== 'Deployment') continue;
        const counts = { replicas: 1, readyReplicas: 1, updatedReplicas: 1, availableReplicas: 1 };
        const patch = JSON.stringify({ status: { ...counts, observedGeneration: 99 } });
        const object = `${kind.toLowerCase()}/${metadata.name}`;
        await inside('patch', object, '--subresource=status', '--type=merge', '-p', patch);
      }
    },
  };
}
