import { type KubeConfig, VersionApi } from '@kubernetes/client-node';
import type { Lifecycle } from '@mad-group/mad';
import type { Logger, MadGroup } from '@mad-group/protocol';
import { createInformers } from './cluster/informers.ts';
import { createKubernetesCluster } from './cluster/kubernetes-cluster.ts';
import type { OperatorMetrics } from './metrics.ts';
import { createApplier } from './reconcile/applier.ts';
import { createQueue } from './reconcile/queue.ts';
import { createReconciler } from './reconcile/reconcile.ts';
import { MAD_PORTS } from './render/names.ts';
import { createRenderer } from './render/renderer.ts';
import { type Verification, verifyGroup } from './status/verification.ts';

export interface OperatorOptions {
  readonly kubeconfig: KubeConfig;
  readonly namespace?: string | undefined;
  readonly helm: string;
  readonly chart: string;
  readonly log: Logger;
  readonly metrics: OperatorMetrics;
  /** Asks the MADs of a group; for tests that have none. */
  readonly verify?: (group: MadGroup, token: string) => Promise<Verification>;
}

const VERIFY_TIMEOUT_MS = 10_000;

export interface Operator extends Lifecycle {
  /** Groups that wait for a pass, or are in one. */
  readonly queueDepth: number;
}

/** Watches the groups of a cluster and keeps each as it is declared, from `start` to `stop`. */
export function createOperator(options: OperatorOptions): Operator {
  const { kubeconfig, namespace, log, metrics } = options;
  const cluster = createKubernetesCluster(kubeconfig, {
    log,
    onWrite: metrics.write,
  });
  let work: (key: string) => Promise<number | null> = async () => null;
  const queue = createQueue({
    async work(key) {
      const startedMs = performance.now();
      const tell = (outcome: 'ok' | 'error'): void =>
        metrics.pass(outcome, (performance.now() - startedMs) / 1000);
      try {
        const againInMs = await work(key);
        tell('ok');
        return againInMs;
      } catch (error) {
        tell('error');
        throw error;
      }
    },
    onError: (key, error, againInMs) =>
      log.error({ err: error, group: key, again_in_ms: againInMs }, 'A pass failed'),
  });
  const informers = createInformers({ kubeconfig, namespace, log, onChange: (key) => queue.add(key) });
  let stopping = false;

  return {
    get queueDepth() {
      return queue.depth;
    },
    async start() {
      const { major, minor } = await kubeconfig.makeApiClient(VersionApi).getCode();
      const renderer = createRenderer({
        helm: options.helm,
        chart: options.chart,
        kubernetesVersion: `${major}.${minor.replace(/\D/g, '')}.0`,
      });
      const reconcile = createReconciler({
        cache: informers,
        cluster,
        applier: createApplier(cluster),
        render: renderer,
        verify: options.verify ?? verifyOnCluster,
        metrics,
        log,
        nowMs: Date.now,
      });
      const listed = informers.start();
      // A group that is seen before what belongs to it would be taken for one that has nothing yet.
      work = (key) => listed.then(() => (stopping ? null : reconcile(key)));
      await listed;
    },
    async stop() {
      stopping = true;
      await informers.stop();
      await queue.stop();
    },
  };
}

function verifyOnCluster({ metadata, spec }: MadGroup, token: string): Promise<Verification> {
  const urls = spec.mads.map(({ name }) => [name, `ws://${name}.${metadata.namespace}:${MAD_PORTS[name]}`]);
  return verifyGroup({ urls: Object.fromEntries(urls), token, timeoutMs: VERIFY_TIMEOUT_MS });
}
