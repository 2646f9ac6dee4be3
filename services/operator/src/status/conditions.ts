import type { MadGroup, MadGroupCondition } from '@mad-group/protocol';

/** A condition without what is the same for all, or follows from the one before. */
export interface Finding {
  readonly type: MadGroupCondition['type'];
  readonly status: MadGroupCondition['status'];
  readonly reason: string;
  readonly message: string;
}

/**
 * Findings as conditions: a time changes only with its status, so that what stays as it was is
 * written once (metav1.Condition).
 */
export function toConditions(
  group: MadGroup,
  findings: readonly Finding[],
  nowIso: string,
): MadGroupCondition[] {
  return findings.map((finding) => {
    const before = group.status?.conditions?.find(({ type }) => type === finding.type);
    return {
      ...finding,
      observedGeneration: group.metadata.generation,
      lastTransitionTime: before?.status === finding.status ? before.lastTransitionTime : nowIso,
    };
  });
}
