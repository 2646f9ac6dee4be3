import { CoordinationV1Api, type KubeConfig, type V1Lease, V1MicroTime } from '@kubernetes/client-node';
import type { Logger } from '@mad-group/protocol';
import { codeOf } from './cluster.ts';

export interface LeaseOptions {
  readonly kubeconfig: KubeConfig;
  readonly namespace: string;
  readonly name: string;
  /** Of this process. */
  readonly holder: string;
  readonly log: Logger;
  /** Called once, when another one may soon take the lead: work must end. */
  readonly onLost: () => void;
  /** In milliseconds, of a clock that only goes forward. */
  readonly nowMs?: () => number;
}

export interface Lease {
  /** Resolves when this process leads; it tries until then. */
  acquire(signal: AbortSignal): Promise<void>;
  /**
   * Whether nobody else can lead at this moment. A process that was stopped for a while, and woke up,
   * asks this before it writes.
   */
  isHeld(): boolean;
  /** Gives the lead away, so that the next one need not wait. */
  release(): Promise<void>;
}

/**
 * A lease that has not changed for so long is taken over, in seconds. Who waits sees the last change
 * up to a pause late and asks again up to a pause late: work goes on within 15 s of the leader's end.
 */
const DURATION_S = 10;
/** A leader that could not renew for so long gives up: well before others take over. */
const RENEW_WITHIN_MS = 7_000;
const RENEW_MS = 2_000;
/** Pause of those who wait. */
const RETRY_MS = 1_000;
/** Of so many attempts in vain one is told of. */
const TOLD_EVERY = 30;
const ASKED_IN_VAIN = 'The lease could not be asked for; trying again';

/**
 * One of several replicas leads: who holds the Lease, as client-go's leader election does it. Times
 * within the Lease are never compared with a clock of this machine, which may be another one's: a
 * lease is over when it was seen not to change for as long as it says.
 */
export function createLease(options: LeaseOptions): Lease {
  const { namespace, name, holder, log, onLost, nowMs = () => performance.now() } = options;
  const api = options.kubeconfig.makeApiClient(CoordinationV1Api);
  let timer: NodeJS.Timeout | undefined;
  let renewedMs = Number.NEGATIVE_INFINITY;
  let seen = { version: '', atMs: 0 };

  function isOver({ metadata, spec }: V1Lease): boolean {
    const version = metadata?.resourceVersion ?? '';
    if (version !== seen.version) seen = { version, atMs: nowMs() };
    if (!spec?.holderIdentity) return true;
    return nowMs() - seen.atMs > (spec.leaseDurationSeconds ?? DURATION_S) * 1000;
  }

  /** Whether this process holds it now. A conflict means that another one was faster. */
  async function tryOnce(): Promise<boolean> {
    const startedMs = nowMs();
    const now = new V1MicroTime();
    const spec = { holderIdentity: holder, leaseDurationSeconds: DURATION_S, renewTime: now };
    try {
      const lease = await api.readNamespacedLease({ namespace, name });
      const { holderIdentity, leaseTransitions = 0, acquireTime } = lease.spec ?? {};
      const isMine = holderIdentity === holder;
      if (!isMine && !isOver(lease)) return false;
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
    // Others count from when they see it, which is later than this.
    renewedMs = startedMs;
    return true;
  }

  let renewing = false;
  let lost = false;
  function lose(why: string): void {
    if (lost) return;
    lost = true;
    clearInterval(timer);
    log.error({ lease: name }, why);
    onLost();
  }

  const isHeld = (): boolean => !lost && nowMs() - renewedMs < RENEW_WITHIN_MS;

  async function renew(): Promise<void> {
    // A request may hang for long: whether the time is over is asked first.
    if (!isHeld()) return lose('The lease could not be renewed in its time');
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
    isHeld,
    async acquire(signal) {
      for (let failures = 0; !signal.aborted; ) {
        const leads = await tryOnce().catch((error: unknown) => {
          const { message } = error as Error;
          if (failures % TOLD_EVERY === 0)
            log.warn({ reason: message, lease: name, failures }, ASKED_IN_VAIN);
          failures += 1;
          return false;
        });
        if (leads) {
          timer = setInterval(() => void renew(), RENEW_MS);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    },
    async release() {
      clearInterval(timer);
      if (renewedMs === Number.NEGATIVE_INFINITY) return;
      lost = true;
      const lease = await api.readNamespacedLease({ namespace, name });
      if (lease.spec?.holderIdentity !== holder) return;
      const body = { ...lease, spec: { ...lease.spec, holderIdentity: '' } };
      await api.replaceNamespacedLease({ namespace, name, body });
    },
  };
}
