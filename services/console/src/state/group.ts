import type { ConsoleGroup, Heartbeat } from '@mad-group/protocol';
import type { Entry } from './entries.ts';

/** How a member of the bus is, in one word. */
export type Condition = 'HEALTHY' | 'DEGRADED' | 'CONNECTED' | 'STALE' | 'DISCONNECTED' | 'STOPPING';

/** Who speaks on the bus. */
export interface Member {
  readonly id: string;
  /** It beats: it is a MAD, and no client. */
  readonly isMad: boolean;
  /** What it is for, in a few words; null where nobody knows: a MAD registers no such words. */
  readonly purpose: string | null;
  readonly condition: Condition;
  /** Its newest word, as ISO 8601; null where none was heard. */
  readonly lastHeard: string | null;
  readonly version: string | null;
  /** Instances that were heard in the last minutes. */
  readonly instances: number;
}

interface Beat extends Pick<Heartbeat, 'instance_id' | 'version' | 'health'> {
  readonly timeMs: number;
}

/** They are MADs, though no beat of theirs was heard yet; and what each is for. */
const PURPOSES: ReadonlyMap<string, string> = new Map([
  ['rogers', 'watches all that is said'],
  ['grace', 'lets clients onto the bus'],
  ['fiedler', 'takes prompts as tasks'],
  ['sequential-thinking', 'makes plans of steps'],
]);
const KNOWN_MADS = [...PURPOSES.keys()];
/** An instance that did not beat for so long is none any more, in milliseconds. */
const INSTANCE_MS = 60_000;

/** What heartbeats tell beyond Rogers' registry: version, health, instances. */
export class Beats {
  readonly #byMad = new Map<string, Map<string, Beat>>();

  add(entry: Entry): void {
    if (entry.type !== 'message' || entry.message.channel !== 'mad.system.heartbeat') return;
    const beat = entry.message.payload as Heartbeat | null;
    if (beat?.type !== 'heartbeat' || beat.mad_id !== entry.message.sender_id) return;
    const instances = this.#byMad.get(beat.mad_id) ?? new Map<string, Beat>();
    this.#byMad.set(beat.mad_id, instances);
    const { instance_id, version, health } = beat;
    instances.set(instance_id, { instance_id, version, health, timeMs: entry.timeMs });
    for (const [id, { timeMs }] of instances) if (entry.timeMs - timeMs > INSTANCE_MS) instances.delete(id);
  }

  has(madId: string): boolean {
    return this.#byMad.has(madId);
  }

  /** Instances that live, newest beat first. */
  of(madId: string): Beat[] {
    const beats = [...(this.#byMad.get(madId)?.values() ?? [])].sort((a, b) => b.timeMs - a.timeMs);
    const living = beats.filter(({ health }) => health !== 'STOPPING');
    return living.length > 0 ? living : beats.slice(0, 1);
  }
}

/** Everyone on the bus: MADs first, in the order of the house, then clients by name. */
export function membersOf(group: ConsoleGroup, beats: Beats): Member[] {
  const ids = new Set(['rogers', ...group.connections.map(({ mad_id }) => mad_id)]);
  const members = [...ids].map((id) => memberOf(id, group, beats));
  const rank = ({ id, isMad }: Member): number => {
    const known = KNOWN_MADS.indexOf(id);
    return known >= 0 ? known : isMad ? KNOWN_MADS.length : KNOWN_MADS.length + 1;
  };
  return members.sort((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id));
}

function memberOf(id: string, group: ConsoleGroup, beats: Beats): Member {
  const connection = group.connections.find(({ mad_id }) => mad_id === id);
  const [newest, ...others] = beats.of(id);
  // Rogers is not in its own registry: that it tells of the others says that it is there.
  const status = connection?.status ?? (id === 'rogers' ? 'HEALTHY' : 'CONNECTED');
  return {
    id,
    isMad: beats.has(id) || KNOWN_MADS.includes(id),
    purpose: PURPOSES.get(id) ?? null,
    condition: status === 'HEALTHY' ? (newest?.health ?? status) : status,
    lastHeard: connection?.last_heartbeat ?? (newest ? new Date(newest.timeMs).toISOString() : null),
    version: newest?.version ?? null,
    instances: newest ? 1 + others.length : 0,
  };
}
