import { useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { count } from '../format.ts';
import { usePage } from '../page.ts';
import { BusFilter } from '../parts/bus-filter.tsx';
import { BusList } from '../parts/bus-list.tsx';
import { MessageDetail } from '../parts/message-detail.tsx';
import { NO_FILTER } from '../state/bus-log.ts';
import type { Entry } from '../state/entries.ts';
import { filterFrom } from '../state/filter-query.ts';

/** The live tail of the bus: filtered, paused, and looked into. */
export function BusView() {
  const { console, route } = usePage();
  const { log } = console;
  /** What is shown while the list stands still; null while it follows. */
  const held = useSignal<readonly Entry[] | null>(null);
  const heldAt = useSignal(0);
  const selected = useSignal<Entry | null>(null);
  const query = route.value.query.toString();

  useEffect(() => {
    log.setFilter(filterFrom(new URLSearchParams(query)));
    held.value = null;
  }, [log, query, held]);
  // Another view looks at all of the log.
  useEffect(() => () => log.setFilter(NO_FILTER), [log]);

  const rows = useComputed(() => {
    log.version.value;
    return held.value ?? log.shown.slice();
  });
  const missed = useComputed(() => {
    log.version.value;
    return held.value === null ? 0 : log.total - heldAt.value;
  });

  function hold(): void {
    if (held.value !== null) return;
    heldAt.value = log.total;
    held.value = log.shown.slice();
  }
  function follow(): void {
    held.value = null;
  }

  return (
    <div class={`bus ${selected.value ? 'has-detail' : ''}`}>
      <div class="bus-main">
        <div class="view-head">
          <h1>Bus</h1>
          <p class="summary">
            {count(rows.value.length)} of {count(log.entries.length)} messages
          </p>
          <button
            type="button"
            class="hold"
            aria-pressed={held.value !== null}
            onClick={held.value === null ? hold : follow}
          >
            {held.value === null ? 'Pause' : 'Resume'}
          </button>
        </div>
        <BusFilter />
        <BusList
          rows={rows.value}
          following={held.value === null}
          missed={missed.value}
          selected={selected.value}
          onSelect={(entry) => {
            // What is looked at stays where it is.
            hold();
            selected.value = entry;
          }}
          onHold={hold}
          onFollow={follow}
        />
      </div>
      {selected.value && (
        <MessageDetail
          key={selected.value.id}
          entry={selected.value}
          onClose={() => {
            selected.value = null;
          }}
        />
      )}
    </div>
  );
}
