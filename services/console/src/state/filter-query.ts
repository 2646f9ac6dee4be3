import { type Filter, NO_FILTER } from './bus-log.ts';
import { KINDS, type Kind } from './entries.ts';

/** A filter as it stands in the address, so that a reload and a shared link keep it. */
export function filterFrom(query: URLSearchParams): Filter {
  const named = query.get('kinds')?.split(',') ?? [];
  const kinds = KINDS.filter((kind) => named.includes(kind));
  return {
    text: query.get('text') ?? '',
    sender: query.get('sender'),
    to: query.get('to'),
    // To choose none is to choose all: a list that can show nothing helps nobody.
    kinds: kinds.length === 0 ? NO_FILTER.kinds : new Set(kinds),
  };
}

/** The opposite: what is not there is not restricted. */
export function queryFrom({ text, sender, to, kinds }: Filter): Record<string, string> {
  return {
    ...(text === '' ? {} : { text }),
    ...(sender === null ? {} : { sender }),
    ...(to === null ? {} : { to }),
    ...(isEveryKind(kinds) ? {} : { kinds: KINDS.filter((kind) => kinds.has(kind)).join(',') }),
  };
}

/** No kind is singled out. */
export const isEveryKind = (kinds: ReadonlySet<Kind>): boolean => kinds.size === KINDS.length;

/** All but the system's own channel, whose heartbeats are most of a quiet log: one click, and not four. */
export const QUIET: ReadonlySet<Kind> = new Set(KINDS.filter((kind) => kind !== 'system'));
export const isQuiet = (kinds: ReadonlySet<Kind>): boolean =>
  kinds.size === QUIET.size && !kinds.has('system');

export const isFiltered = (filter: Filter): boolean => Object.keys(queryFrom(filter)).length > 0;

/** A click on a kind: the first singles it out, others join it or leave; with none left all are shown. */
export function toggled(kinds: ReadonlySet<Kind>, kind: Kind): ReadonlySet<Kind> {
  if (isEveryKind(kinds)) return new Set([kind]);
  const next = new Set(kinds);
  if (!next.delete(kind)) next.add(kind);
  return next.size === 0 ? NO_FILTER.kinds : next;
}
