import { type KubeConfig, VersionApi } from '@kubernetes/client-node';
import type { Lifecycle } from '@mad-group/mad';
import type { Logger, MadGroup } from '@mad-group/protocol';
import { withDeadlines } from './cluster/api-clients.ts';
import { createInformers } from './cluster/informers.ts';
import { createKubernetesCluster } from './cluster/kubernetes-cluster.ts';
import type { OperatorMetrics } from './metrics.ts';
import { createQueue } from './queue.ts';
import { createApplier } from './reconcile/applier.ts';
import { withoutOwnEntries } from './reconcile/foreign-fields.ts';
import { createReconciler } from './reconcile/reconcile.ts';
import { portOf } from './render/names.ts';
import { createRenderer } from './render/renderer.ts';
import { type Verification, verifyGroup } from './status/verification.ts';
import { createVerifier, type VerifierOptions } from './status/verifier.ts';

export interface OperatorOptions {
  readonly kubeconfig: KubeConfig;
  readonly namespace?: string | undefined;
  readonly helm: string;
  readonly chart: string;
  readonly log: Logger;
  readonly metrics: OperatorMetrics;
  /** Asked before each write: a process that has lost the lead writes nothing. */
  readonly mayWrite?: () => boolean;
  /** Asks the MADs of a group; for tests that have none. */
  readonly verify?: VerifierOptions['verify'];
}

const VERIFY_TIMEOUT_MS = 10_000;
/** Passes at once. A pass waits for helm and the API server more than it computes. */
const WORKERS = 4;
/** A leader that could not list a kind for so long does not do its work. */
const LISTED_WITHIN_MS = 60_000;

export interface Operator extends Lifecycle {
  /** Groups that wait for a pass, or are in one. */
  readonly queueDepth: number;
  /** Why it does not do its work, in a few words; null where it does, or was not asked to. */
  notReady(): string | null;
}

/** Watches the groups of a cluster and keeps each as it is declared, from `start` to `stop`. */
export function createOperator(options: OperatorOptions): Operator {
  const { namespace, log, metrics, mayWrite = () => true } = options;
  const kubeconfig = withDeadlines(options.kubeconfig);
  const cluster = createKubernetesCluster(kubeconfig, {
    log,
    beforeWrite(verb, kind) {
      if (!mayWrite()) throw new Error(`${verb} ${kind}: this process does not lead any more`);
      metrics.write(verb, kind);
    },
  });
  let work: (key: string) => Promise<number | null> = async () => null;
  const queue = createQueue({
    workers: WORKERS,
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
  const informers = createInformers({
    kubeconfig,
    namespace,
    log,
    onChange: (key) => queue.add(key),
    keep: withoutOwnEntries,
  });
  const verifier = createVerifier({
    verify: options.verify ?? verifyOnCluster,
    onAnswered: (group) => metrics.verified(group, Date.now()),
    onChange: (key) => queue.add(key),
    onError: (key, error, againInMs) =>
      log.error({ err: error, group: key, again_in_ms: againInMs }, 'A group could not be asked'),
  });
  let stopping = false;
  let startedMs = Number.POSITIVE_INFINITY;

  return {
    notReady() {
      const unlisted = informers.unlisted();
      const isLate = performance.now() - startedMs > LISTED_WITHIN_MS;
      return isLate && unlisted.length > 0 ? `could not list ${unlisted.join(', ')}; see the log` : null;
    },
    get queueDepth() {
      return queue.depth;
    },
    async start() {
      startedMs = performance.now();
      const { major, minor } = await kubeconfig.makeApiClient(VersionApi).getCode();
      const kubernetesVersion = `${major}.${minor.replace(/\D/g, '')}.0`;
      const renderer = createRenderer({ helm: options.helm, chart: options.chart, kubernetesVersion }, () =>
        informers.optionalKinds().flatMap(({ apiVersion, kind }) => [apiVersion, `${apiVersion}/${kind}`]),
      );
      const reconcile = createReconciler({
        cache: informers,
        cluster,
        applier: createApplier(cluster),
        renderer,
        verifier,
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
      await Promise.all([informers.stop(), verifier.stop()]);
      await queue.stop();
    },
  };
}

function verifyOnCluster(
  { metadata, spec }: MadGroup,
  token: string,
  signal: AbortSignal,
): Promise<Verification> {
  const urls = spec.mads.map(({ name }) => [name, `ws://${name}.${metadata.namespace}:${portOf(name)}`]);
  return verifyGroup({ urls: Object.fromEntries(urls), token, timeoutMs: VERIFY_TIMEOUT_MS, signal });
}
