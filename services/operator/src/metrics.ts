import { collectProcessMetrics } from '@mad-group/mad';
import { CONDITION_TYPES, type MadGroup, type MadGroupStatus } from '@mad-group/protocol';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Every metric of the operator's own, by name; `docs/reference/metrics.md` is generated from this table. */
export const OPERATOR_METRICS = {
  mad_operator_leader: {
    type: 'gauge',
    help: '1 where this replica leads, 0 where it waits for the lead.',
    labels: [],
  },
  mad_operator_passes_total: {
    type: 'counter',
    help: 'Passes over groups by outcome: ok or error.',
    labels: ['outcome'],
  },
  mad_operator_pass_duration_seconds: { type: 'histogram', help: 'How long a pass took.', labels: [] },
  mad_operator_queue_depth: {
    type: 'gauge',
    help: 'Groups that wait for a pass, or are in one.',
    labels: [],
  },
  mad_operator_api_writes_total: {
    type: 'counter',
    help: 'Writes to the API server. Steady state has none but those of the Lease, which are not counted here.',
    labels: ['verb', 'kind'],
  },
  mad_operator_group_condition: {
    type: 'gauge',
    help: 'Conditions of a group: 1 for True, 0 for False, -1 for Unknown.',
    labels: ['namespace', 'group', 'condition'],
  },
  mad_operator_group_verified_timestamp_seconds: {
    type: 'gauge',
    help: 'When every MAD of a group answered last, in seconds since 1970.',
    labels: ['namespace', 'group'],
  },
} as const;

const PASS_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30];
const VALUES = { True: 1, False: 0, Unknown: -1 } as const;

/** What the operator tells of itself. */
export interface OperatorMetrics {
  readonly registry: Registry;
  /** This replica has the lead from now on, or has it no more. */
  leads(isLeader: boolean): void;
  pass(outcome: 'ok' | 'error', seconds: number): void;
  write(verb: string, kind: string): void;
  status(group: MadGroup, status: MadGroupStatus): void;
  verified(group: MadGroup, atMs: number): void;
  /** A group that is gone has no series. */
  forget(namespace: string, group: string): void;
}

/** @param queueDepth is asked at each scrape */
export function createOperatorMetrics(queueDepth: () => number): OperatorMetrics {
  const registry = new Registry();
  collectProcessMetrics(registry);
  const of = <Name extends keyof typeof OPERATOR_METRICS>(name: Name) => {
    const { help, labels } = OPERATOR_METRICS[name];
    return { name, help, labelNames: [...labels], registers: [registry] };
  };
  const leader = new Gauge(of('mad_operator_leader'));
  const passes = new Counter(of('mad_operator_passes_total'));
  // There before the first: what begins with 1 has no increase.
  for (const outcome of ['ok', 'error']) passes.inc({ outcome }, 0);
  const durations = new Histogram({ ...of('mad_operator_pass_duration_seconds'), buckets: PASS_BUCKETS });
  const writes = new Counter(of('mad_operator_api_writes_total'));
  const conditions = new Gauge(of('mad_operator_group_condition'));
  const verified = new Gauge(of('mad_operator_group_verified_timestamp_seconds'));
  new Gauge({
    ...of('mad_operator_queue_depth'),
    collect() {
      this.set(queueDepth());
    },
  });
  const labelsOf = ({ metadata }: MadGroup) => ({ namespace: metadata.namespace, group: metadata.name });

  return {
    registry,
    leads: (isLeader) => leader.set(isLeader ? 1 : 0),
    pass(outcome, seconds) {
      passes.inc({ outcome });
      durations.observe(seconds);
    },
    write: (verb, kind) => writes.inc({ verb, kind }),
    status(group, { conditions: found = [] }) {
      for (const { type, status } of found) {
        conditions.set({ ...labelsOf(group), condition: type }, VALUES[status]);
      }
    },
    verified: (group, atMs) => verified.set(labelsOf(group), atMs / 1000),
    forget(namespace, group) {
      for (const condition of CONDITION_TYPES) conditions.remove({ namespace, group, condition });
      verified.remove({ namespace, group });
    },
  };
}
