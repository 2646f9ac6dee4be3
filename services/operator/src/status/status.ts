import type { MadGroup, MadGroupStatus } from '@mad-group/protocol';
import { portOf } from '../render/names.ts';
import { type Finding, toConditions } from './conditions.ts';
import type { Verification } from './verification.ts';
import type { Workload } from './workloads.ts';

/** What one pass over a group found. */
export interface Found {
  /** Why nothing was done; null where the spec was accepted. */
  readonly refused: { readonly reason: string; readonly message: string } | null;
  readonly paused: boolean;
  /** Why it could not be done now, and is tried again; null where it could. */
  readonly failed: string | null;
  /** Redis first, then the MADs in the order in which they need each other. */
  readonly workloads: readonly Workload[];
  /** Workloads that should be and are not there. */
  readonly absent: readonly string[];
  readonly verification: Verification | null;
}

/** The status of a group: pure, so that a pass that found the same writes nothing. */
export function statusOf(group: MadGroup, found: Found, nowIso: string): MadGroupStatus {
  const { metadata, spec } = group;
  const { workloads, verification } = found;
  const versions = verification?.versions ?? {};
  const model = spec.llm.baseUrl || spec.llm.apiKeySecretRef ? (spec.llm.model ?? 'gpt-4o-mini') : 'offline';
  // What was refused, or is paused, may say another model than runs.
  const runs = heldBy(found) === null ? model : group.status?.model;
  const readyMads = workloads.filter(
    (each) => isReady(each) && spec.mads.some(({ name }) => name === each.name),
  );
  return {
    observedGeneration: metadata.generation,
    conditions: toConditions(group, findingsOf(found), nowIso),
    mads: spec.mads.map(({ name }) => {
      const workload = workloads.find((each) => each.name === name);
      const version = versions[name] ?? group.status?.mads?.find((mad) => mad.name === name)?.version;
      return {
        name,
        replicas: workload?.replicas ?? 0,
        readyReplicas: workload?.readyReplicas ?? 0,
        endpoint: `http://${name}.${metadata.namespace}:${portOf(name)}/mcp`,
        ...(version === undefined ? {} : { version }),
      };
    }),
    ready: `${readyMads.length}/${spec.mads.length}`,
    ...(runs === undefined ? {} : { model: runs }),
  };
}

const isReady = ({ replicas, readyReplicas }: Workload): boolean => readyReplicas >= replicas;
/** The reason for which nothing is changed; null where all was done. */
const heldBy = ({ refused, paused, failed }: Found): string | null => {
  if (refused !== null) return 'NotAccepted';
  if (paused) return 'Paused';
  return failed === null ? null : 'PassFailed';
};

const findingsOf = (found: Found): Finding[] => [
  found.refused === null
    ? { type: 'Accepted', status: 'True', reason: 'Valid', message: 'The spec can be carried out.' }
    : { type: 'Accepted', status: 'False', ...found.refused },
  progressing(found),
  available(found),
  verified(found),
  degraded(found),
];

const waitingOf = ({ absent, workloads }: Found): string[] => [
  ...absent,
  ...workloads.filter((each) => !isReady(each)).map(({ name }) => name),
];

function progressing(found: Found): Finding {
  const type = 'Progressing';
  if (found.refused !== null) {
    const message = 'It waits for a spec that can be accepted.';
    return { type, status: 'False', reason: 'NotAccepted', message };
  }
  if (found.paused) {
    const message = 'mads.dev/paused is set: nothing is changed or asked until the annotation is removed.';
    return { type, status: 'False', reason: 'Paused', message };
  }
  if (found.failed !== null) {
    const message = 'The last pass failed, and is tried again.';
    return { type, status: 'True', reason: 'PassFailed', message };
  }
  const old = found.workloads.filter(({ isCurrent }) => !isCurrent).map(({ name }) => name);
  const moving = [...new Set([...waitingOf(found), ...old])];
  return moving.length > 0
    ? { type, status: 'True', reason: 'RollingOut', message: `On the way: ${moving.join(', ')}.` }
    : { type, status: 'False', reason: 'Complete', message: 'All is as declared.' };
}

function available(found: Found): Finding {
  const type = 'Available';
  const waiting = waitingOf(found);
  if (waiting.length > 0) {
    return { type, status: 'False', reason: 'NotReady', message: `Not ready: ${waiting.join(', ')}.` };
  }
  if (found.workloads.length === 0) {
    return { type, status: 'False', reason: 'NotMade', message: 'Nothing of it was made yet.' };
  }
  return { type, status: 'True', reason: 'Ready', message: 'Every pod is ready.' };
}

function verified(found: Found): Finding {
  const type = 'Verified';
  const reason = heldBy(found);
  if (reason !== null) {
    return { type, status: 'Unknown', reason, message: 'Nobody is asked meanwhile.' };
  }
  const waiting = waitingOf(found);
  if (waiting.length > 0) {
    const message = `Not asked yet: ${waiting.join(', ')} must be ready first.`;
    return { type, status: 'False', reason: 'NotReady', message };
  }
  const { verification } = found;
  if (verification === null) {
    return { type, status: 'Unknown', reason: 'NotAskedYet', message: 'The MADs are being asked.' };
  }
  if (verification.problems.length > 0) {
    return { type, status: 'False', reason: 'NotAnswered', message: verification.problems.join(' ') };
  }
  const heard = verification.isHeard
    ? ', and what is said on the bus is heard.'
    : '. Without Grace in the group nothing was said on the bus to see it heard.';
  return { type, status: 'True', reason: 'Answered', message: `Every MAD speaks MCP${heard}` };
}

function degraded({ workloads, failed }: Found): Finding {
  const type = 'Degraded';
  if (failed !== null) return { type, status: 'True', reason: 'PassFailed', message: failed };
  const troubles = workloads.flatMap(({ name, trouble }) =>
    trouble === null ? [] : [`${name}: ${trouble}.`],
  );
  return troubles.length > 0
    ? { type, status: 'True', reason: 'PodsInTrouble', message: troubles.join(' ') }
    : { type, status: 'False', reason: 'AsExpected', message: 'Nothing is known to be wrong.' };
}
