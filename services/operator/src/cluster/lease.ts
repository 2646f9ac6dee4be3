import { CoordinationV1Api, type KubeConfig, V1MicroTime } from '@kubernetes/client-node';
import type { Logger } from '@mad-group/protocol';
import { codeOf } from './cluster.ts';

export interface LeaseOptions {
  readonly kubeconfig: KubeConfig;
  readonly namespace: string;
  readonly name: string;
  /** Of this process. */
  readonly holder: string;
  readonly log: Logger;
  /** Called once, when another one may have taken the lead: work must end. */
  readonly onLost: () => void;
}

export interface Lease {
  /** Resolves when this process leads; it tries until then. */
  acquire(signal: AbortSignal): Promise<void>;
  /** Gives the lead away, so that the next one need not wait. */
  release(): Promise<void>;
}

/** A leader that has not renewed for so long is taken to be gone, in seconds. */
const DURATION_S = 15;
const RENEW_MS = 5_000;
const TRY_MS = 2_000;

/** One of several replicas leads: who holds the Lease, as Kubernetes' own controllers do it. */
export function createLease({ kubeconfig, namespace, name, holder, log, onLost }: LeaseOptions): Lease {
  const api = kubeconfig.makeApiClient(CoordinationV1Api);
  let timer: NodeJS.Timeout | undefined;
  let renewedMs = 0;

  /** Whether this process holds it now. A conflict means that another one was faster. */
  async function tryOnce(): Promise<boolean> {
    const now = new V1MicroTime();
    const spec = { holderIdentity: holder, leaseDurationSeconds: DURATION_S, renewTime: now };
    try {
      const lease = await api.readNamespacedLease({ namespace, name });
      const { holderIdentity, renewTime, leaseTransitions = 0, acquireTime } = lease.spec ?? {};
      const isMine = holderIdentity === holder;
      // A date by its type, text in fact: the client leaves micro times as they came.
      const isFree =
        !holderIdentity || !renewTime || Date.now() - new Date(renewTime).getTime() > DURATION_S * 1000;
      if (!isMine && !isFree) return false;
      const body = {
        ...lease,
        spec: {
          ...spec,
          acquireTime: isMine && acquireTime ? acquireTime : now,
          leaseTransitions: isMine ? leaseTransitions : leaseTransitions + 1,
        },
      };
      await api.replaceNamespacedLease({ namespace, name, body });
    } catch (error) {
      if (codeOf(error) === 409) return false;
      if (codeOf(error) !== 404) throw error;
      const body = {
        metadata: { name, namespace },
        spec: { ...spec, acquireTime: now, leaseTransitions: 0 },
      };
      await api.createNamespacedLease({ namespace, body });
    }
    renewedMs = performance.now();
    return true;
  }

  let renewing = false;
  function lose(why: string): void {
    clearInterval(timer);
    log.error({ lease: name }, why);
    onLost();
  }

  async function renew(): Promise<void> {
    // A request may hang for long: whether the time is over is asked first.
    if (performance.now() - renewedMs > DURATION_S * 1000 - RENEW_MS) {
      lose('The lease could not be renewed in its time');
      return;
    }
    if (renewing) return;
    renewing = true;
    try {
      if (!(await tryOnce()) && (await isAnothers())) lose('Another process leads');
    } catch (error) {
      // Nobody else takes it before its time is over.
      log.warn({ err: error, lease: name }, 'The lease could not be renewed; trying again');
    } finally {
      renewing = false;
    }
  }

  /** A conflict may come from an annotation, too. */
  async function isAnothers(): Promise<boolean> {
    const { spec } = await api.readNamespacedLease({ namespace, name });
    return spec?.holderIdentity !== holder;
  }

  return {
    async acquire(signal) {
      while (!signal.aborted) {
        const leads = await tryOnce().catch((error: unknown) => {
          log.warn({ err: error, lease: name }, 'The lease could not be asked for; trying again');
          return false;
        });
        if (leads) {
          timer = setInterval(() => void renew(), RENEW_MS);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, TRY_MS));
      }
    },
    async release() {
      clearInterval(timer);
      if (renewedMs === 0) return;
      const lease = await api.readNamespacedLease({ namespace, name });
      if (lease.spec?.holderIdentity !== holder) return;
      const body = { ...lease, spec: { ...lease.spec, holderIdentity: '' } };
      await api.replaceNamespacedLease({ namespace, name, body });
    },
  };
}
