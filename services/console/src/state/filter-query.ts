import { type Filter, NO_FILTER } from './bus-log.ts';
import { KINDS } from './entries.ts';

/** A filter as it stands in the address, so that a reload and a shared link keep it. */
export function filterFrom(query: URLSearchParams): Filter {
  const named = query.get('kinds')?.split(',') ?? null;
  return {
    text: query.get('text') ?? '',
    sender: query.get('sender'),
    kinds: named === null ? NO_FILTER.kinds : new Set(KINDS.filter((kind) => named.includes(kind))),
  };
}

/** The opposite: what is not there is not restricted. */
export function queryFrom({ text, sender, kinds }: Filter): Record<string, string> {
  return {
    ...(text === '' ? {} : { text }),
    ...(sender === null ? {} : { sender }),
    ...(kinds.size === KINDS.length ? {} : { kinds: KINDS.filter((kind) => kinds.has(kind)).join(',') }),
  };
}
