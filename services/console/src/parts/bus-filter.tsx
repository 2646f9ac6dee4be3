import { useComputed } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ZONE } from '../format.ts';
import { usePage } from '../page.ts';
import { type Filter, NO_FILTER } from '../state/bus-log.ts';
import { KINDS, type Kind, senderOf } from '../state/entries.ts';
import {
  filterFrom,
  isEveryKind,
  isFiltered,
  isQuiet,
  QUIET,
  queryFrom,
  toggled,
} from '../state/filter-query.ts';
import { hrefTo, parseRoute } from '../state/route.ts';

/** After the last key, in milliseconds: the filter looks at every message. */
const TYPING_MS = 150;
const MAX_SENDERS = 200;
const LABELS: Readonly<Record<Kind, string>> = {
  direct: 'Direct',
  topic: 'Topic',
  stream: 'Stream',
  system: 'System',
  other: 'Other',
};

/** What of the bus is shown. The address holds it. */
export function BusFilter() {
  const { console, route } = usePage();
  const filter = filterFrom(route.value.query);
  const [text, setText] = useState(filter.text);
  const find = useRef<HTMLInputElement>(null);
  const typed = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setText(filter.text), [filter.text]);
  useEffect(() => () => clearTimeout(typed.current), []);

  const senders = useComputed(() => {
    console.log.version.value;
    const names = new Set<string>();
    for (let index = console.log.entries.length - 1; index >= 0 && names.size < MAX_SENDERS; index -= 1) {
      const entry = console.log.entries.at(index);
      const name = entry && senderOf(entry);
      if (name) names.add(name);
    }
    return [...names].sort().join('\n');
  });
  const names = new Set(senders.value.split('\n').filter((name) => name !== ''));
  if (filter.sender !== null) names.add(filter.sender);

  function change(changes: Partial<Filter>): void {
    clearTimeout(typed.current);
    // Who has left by now is not brought back by what they typed before.
    if (parseRoute(window.location.hash).view !== 'bus') return;
    const next = { ...filterFrom(route.peek().query), ...changes };
    // In place: a filter is no page to come back to.
    window.location.replace(hrefTo('bus', [], queryFrom(next)));
  }

  /** The button goes with what it was for: the focus goes where one begins again. */
  function clear(): void {
    setText('');
    change(NO_FILTER);
    find.current?.focus();
  }

  return (
    <search class="toolbar">
      <label class="grow">
        <span class="hidden">Find in messages</span>
        <input
          ref={find}
          type="search"
          placeholder="Find a sender, channel, id or text"
          value={text}
          onInput={(event) => {
            const { value } = event.currentTarget;
            setText(value);
            clearTimeout(typed.current);
            typed.current = setTimeout(() => change({ text: value }), TYPING_MS);
          }}
        />
      </label>
      <label>
        <span class="hidden">Sender</span>
        <select
          value={filter.sender ?? ''}
          onChange={(event) => change({ sender: event.currentTarget.value || null })}
        >
          <option value="">All senders</option>
          {[...names].map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <fieldset class="chips">
        <legend class="hidden">Only these kinds of channels; none chosen shows all</legend>
        {KINDS.map((kind) => (
          <button
            key={kind}
            type="button"
            class={`chip kind-${kind}`}
            aria-pressed={!isEveryKind(filter.kinds) && filter.kinds.has(kind)}
            onClick={() => change({ kinds: toggled(filter.kinds, kind) })}
          >
            {LABELS[kind]}
          </button>
        ))}
      </fieldset>
      <button
        type="button"
        class="small hold"
        aria-pressed={isQuiet(filter.kinds)}
        onClick={() => change({ kinds: isQuiet(filter.kinds) ? NO_FILTER.kinds : QUIET })}
      >
        Hide heartbeats
      </button>
      {filter.to !== null && (
        <button type="button" class="small" onClick={() => change({ to: null })}>
          <span class="hidden">Not only</span> to {filter.to.replace(/^@/, '')}{' '}
          <span aria-hidden="true">×</span>
        </button>
      )}
      {isFiltered(filter) && (
        <button type="button" class="small" onClick={clear}>
          Clear filters
        </button>
      )}
      <p class="hint">Times in {ZONE}</p>
    </search>
  );
}
