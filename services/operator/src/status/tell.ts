import { isDeepStrictEqual } from 'node:util';
import type { MadGroup, MadGroupCondition } from '@mad-group/protocol';
import type { Cache, Cluster } from '../cluster/cluster.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { type Found, statusOf } from './status.ts';

export interface TellParts {
  readonly cache: Pick<Cache, 'put'>;
  readonly cluster: Pick<Cluster, 'writeStatus' | 'event'>;
  readonly metrics: Pick<OperatorMetrics, 'status'>;
  readonly nowMs: () => number;
}

/** Writes what was found of a group where it differs from what was told last, and an event for each condition that turned. */
export async function tell(
  group: MadGroup,
  found: Found,
  { cache, cluster, metrics, nowMs }: TellParts,
): Promise<void> {
  const status = statusOf(group, found, new Date(nowMs()).toISOString().replace(/\.\d+Z$/, 'Z'));
  metrics.status(group, status);
  if (isDeepStrictEqual(JSON.parse(JSON.stringify(status)), group.status)) return;
  cache.put(await cluster.writeStatus(group, status));
  for (const condition of status.conditions ?? []) {
    const before = group.status?.conditions?.find(({ type }) => type === condition.type);
    if (!isNews(condition, before)) continue;
    await cluster.event(group, {
      type: isBad(condition) ? 'Warning' : 'Normal',
      reason: `${condition.type}${condition.status}`,
      message: condition.message,
    });
  }
}

/**
 * What a person would want to see in `kubectl describe`: not what every new group goes through, nor that
 * nobody can be asked while pods are not ready, which another condition says.
 */
function isNews(condition: MadGroupCondition, before: MadGroupCondition | undefined): boolean {
  const { type, status, reason } = condition;
  if (status === before?.status || status === 'Unknown') return false;
  if (type === 'Verified') return reason !== 'NotReady';
  if (before === undefined) return (type === 'Accepted' || type === 'Degraded') && isBad(condition);
  return true;
}

const isBad = ({ type, status }: MadGroupCondition): boolean =>
  type === 'Degraded' ? status === 'True' : type !== 'Progressing' && status === 'False';
