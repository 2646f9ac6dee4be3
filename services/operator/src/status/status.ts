import type { MadGroup, MadGroupStatus } from '@mad-group/protocol';
import { MAD_PORTS } from '../render/names.ts';
import { type Finding, toConditions } from './conditions.ts';
import type { Verification } from './verification.ts';
import type { Workload } from './workloads.ts';

/** What one pass over a group found. */
export interface Found {
  /** Why nothing was done; null where the spec was accepted. */
  readonly refused: { readonly reason: string; readonly message: string } | null;
  readonly paused: boolean;
  /** Redis first, then the MADs in the order in which they need each other. */
  readonly workloads: readonly Workload[];
  /** Workloads that should be and are not there. */
  readonly absent: readonly string[];
  readonly verification: Verification | null;
}

/** The status of a group: pure, so that a pass that found the same writes nothing. */
export function statusOf(group: MadGroup, found: Found, nowIso: string): MadGroupStatus {
  const { metadata, spec } = group;
  const conditions = toConditions(group, findingsOf(found), nowIso);
  // What was refused was not touched: what is known of it stays.
  if (found.refused !== null || found.paused) {
    return { ...group.status, observedGeneration: metadata.generation, conditions };
  }
  const readyOnes = found.workloads.filter(isReady).length;
  const versions = found.verification?.versions ?? {};
  return {
    observedGeneration: metadata.generation,
    conditions,
    mads: spec.mads.map(({ name }) => {
      const workload = found.workloads.find((each) => each.name === name);
      const version = versions[name] ?? group.status?.mads?.find((mad) => mad.name === name)?.version;
      return {
        name,
        replicas: workload?.replicas ?? 0,
        readyReplicas: workload?.readyReplicas ?? 0,
        endpoint: `http://${name}.${metadata.namespace}:${MAD_PORTS[name]}/mcp`,
        ...(version === undefined ? {} : { version }),
      };
    }),
    ready: `${readyOnes}/${found.workloads.length + found.absent.length}`,
    model: spec.llm.baseUrl || spec.llm.apiKeySecretRef ? (spec.llm.model ?? 'gpt-4o-mini') : 'offline',
  };
}

const isReady = ({ replicas, readyReplicas }: Workload): boolean => readyReplicas >= replicas;

function findingsOf(found: Found): Finding[] {
  const { refused, paused, workloads, absent, verification } = found;
  if (refused !== null) {
    const message = 'It waits for a spec that can be accepted.';
    return [
      { type: 'Accepted', status: 'False', ...refused },
      { type: 'Progressing', status: 'False', reason: 'NotAccepted', message },
      ...notLookedAt('NotAccepted'),
    ];
  }
  const accepted: Finding = {
    type: 'Accepted',
    status: 'True',
    reason: 'Valid',
    message: 'The spec can be carried out.',
  };
  if (paused) {
    const message = 'mads.dev/paused is set: nothing is changed or checked until the annotation is removed.';
    return [
      accepted,
      { type: 'Progressing', status: 'False', reason: 'Paused', message },
      ...notLookedAt('Paused'),
    ];
  }
  const waiting = [...absent, ...workloads.filter((each) => !isReady(each)).map(({ name }) => name)];
  const old = workloads.filter(({ isCurrent }) => !isCurrent).map(({ name }) => name);
  const troubles = workloads.flatMap(({ name, trouble }) =>
    trouble === null ? [] : [`${name}: ${trouble}`],
  );
  const moving = [...new Set([...waiting, ...old])];
  return [
    accepted,
    moving.length > 0
      ? {
          type: 'Progressing',
          status: 'True',
          reason: 'RollingOut',
          message: `On the way: ${moving.join(', ')}.`,
        }
      : { type: 'Progressing', status: 'False', reason: 'Complete', message: 'All is as declared.' },
    waiting.length > 0
      ? {
          type: 'Available',
          status: 'False',
          reason: 'NotReady',
          message: `Not ready: ${waiting.join(', ')}.`,
        }
      : { type: 'Available', status: 'True', reason: 'Ready', message: 'Every pod is ready.' },
    verifiedFinding(waiting, verification),
    troubles.length > 0
      ? { type: 'Degraded', status: 'True', reason: 'PodsInTrouble', message: troubles.join('; ') }
      : { type: 'Degraded', status: 'False', reason: 'AsExpected', message: 'Nothing is known to be wrong.' },
  ];
}

/** What nobody has looked at is not known. */
const notLookedAt = (reason: string): Finding[] =>
  (['Available', 'Verified', 'Degraded'] as const).map((type) => ({
    type,
    status: 'Unknown',
    reason,
    message: 'Not looked at meanwhile.',
  }));

function verifiedFinding(waiting: readonly string[], verification: Verification | null): Finding {
  if (waiting.length > 0) {
    return {
      type: 'Verified',
      status: 'False',
      reason: 'NotReady',
      message: `Not asked yet: ${waiting.join(', ')} must be ready first.`,
    };
  }
  if (verification === null) {
    return { type: 'Verified', status: 'Unknown', reason: 'NotAskedYet', message: 'No MAD was asked yet.' };
  }
  return verification.problems.length > 0
    ? { type: 'Verified', status: 'False', reason: 'NotAnswered', message: verification.problems.join(' ') }
    : {
        type: 'Verified',
        status: 'True',
        reason: 'Answered',
        message: 'Every MAD speaks MCP, and what is said on the bus is heard.',
      };
}
