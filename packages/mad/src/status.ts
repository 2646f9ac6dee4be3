import type { BusStatus } from '@mad-group/bus';
import type { MadStatus } from '@mad-group/protocol';
import type { StatusFacts } from './mad-types.ts';

export interface StatusSources {
  readonly id: string;
  readonly title: string;
  readonly version: string;
  readonly instanceId: string;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly stopping: boolean;
  readonly bus: { readonly kind: string; readonly status: BusStatus } | null;
  readonly facts: StatusFacts;
}

/** A MAD is DEGRADED while the bus, its database, its planner or its model provider is away; it goes on working. */
export function composeStatus(sources: StatusSources): MadStatus {
  const { bus, facts } = sources;
  const degraded =
    bus?.status.connected === false ||
    (facts.database !== undefined && facts.database !== 'OK') ||
    facts.sequential_thinking_connected === false ||
    facts.provider_available === false;
  const since = bus?.status.sinceMs ?? null;
  return {
    status: 'success',
    mad_id: sources.id,
    title: sources.title,
    version: sources.version,
    instance_id: sources.instanceId,
    uptime_s: Math.max(0, Math.round((sources.nowMs - sources.startedAtMs) / 1000)),
    health: sources.stopping ? 'STOPPING' : degraded ? 'DEGRADED' : 'HEALTHY',
    bus: bus && {
      kind: bus.kind,
      connected: bus.status.connected,
      since: since === null ? null : new Date(since).toISOString(),
      ...(bus.status.reason === undefined ? {} : { reason: bus.status.reason }),
    },
    sequential_thinking_connected: facts.sequential_thinking_connected ?? null,
    database: facts.database ?? null,
    provider: facts.provider ?? null,
    details: facts.details ?? {},
  };
}
