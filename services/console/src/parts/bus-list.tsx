import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { counted, startOfDay } from '../format.ts';
import { usePage } from '../page.ts';
import type { Entry } from '../state/entries.ts';
import { BusRow } from './bus-row.tsx';
import { Empty, Loading } from './messages.tsx';

interface Props {
  readonly rows: readonly Entry[];
  /** The newest row is kept in sight. */
  readonly following: boolean;
  /** Messages that came while it stood still. */
  readonly missed: number;
  readonly selected: Entry | null;
  readonly onSelect: (entry: Entry) => void;
  readonly onHold: () => void;
  readonly onFollow: () => void;
}

/** Rows beyond the ones in sight that are drawn, too, so that scrolling shows no holes. */
const OVERSCAN = 8;
/** Below so many pixels from its end the list is at its end. */
const AT_END_PX = 4;

/** A list of any length of which only what is in sight is drawn. To scroll up is to pause. */
export function BusList({ rows, following, missed, selected, onSelect, onHold, onFollow }: Props) {
  const { console } = usePage();
  const place = useRef<HTMLDivElement>(null);
  /** Where it was scrolled to last, in pixels. */
  const topPx = useRef(0);
  const [seen, setSeen] = useState({ top: 0, height: 600, row: 32 });
  /** Id of the row that the keyboard is at; null follows the end. */
  const [active, setActive] = useState<number | null>(null);

  useLayoutEffect(() => {
    const { current } = place;
    if (!current) return undefined;
    const measure = (): void => {
      const row = Number.parseFloat(getComputedStyle(current).getPropertyValue('--row')) || 32;
      setSeen((before) => ({ ...before, height: current.clientHeight, row }));
    };
    const resizes = new ResizeObserver(measure);
    resizes.observe(current);
    return () => resizes.disconnect();
  }, []);

  useLayoutEffect(() => {
    const { current } = place;
    if (!current || !following) return;
    current.scrollTop = current.scrollHeight;
    topPx.current = current.scrollTop;
  });
  useEffect(() => {
    if (following) setActive(null);
  }, [following]);
  // The list is made lower by the panel that opens beside it.
  useLayoutEffect(() => {
    const index = selected === null ? -1 : rows.indexOf(selected);
    if (index >= 0) showRow(place.current, index, seen.row);
  }, [selected, seen.height]);

  function onScroll(event: Event): void {
    const list = event.currentTarget as HTMLElement;
    setSeen((before) => ({ ...before, top: list.scrollTop }));
    const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight <= AT_END_PX;
    // Only who goes up leaves the end: a line that comes above the list makes it lower, and goes nowhere.
    if (following && !isAtEnd && list.scrollTop < topPx.current) onHold();
    topPx.current = list.scrollTop;
  }

  const activeIndex = active === null ? rows.length - 1 : rows.findIndex(({ id }) => id === active);

  function onKey(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(seen.height / seen.row) - 1);
    const steps: Record<string, number> = {
      ArrowUp: -1,
      ArrowDown: 1,
      PageUp: -page,
      PageDown: page,
      Home: -rows.length,
      End: rows.length,
    };
    const step = steps[event.key];
    if (event.key === 'Enter' || event.key === ' ') {
      const entry = rows[activeIndex];
      if (entry) onSelect(entry);
    } else if (step === undefined) return;
    else {
      // The first key comes from below the newest row.
      const from = active === null ? rows.length : activeIndex;
      const index = Math.min(rows.length - 1, Math.max(0, from + step));
      onHold();
      setActive(rows[index]?.id ?? null);
      showRow(place.current, index, seen.row);
    }
    event.preventDefault();
  }

  const first = Math.max(0, Math.floor(seen.top / seen.row) - OVERSCAN);
  const last = Math.min(rows.length, Math.ceil((seen.top + seen.height) / seen.row) + OVERSCAN);
  const from = following ? Math.max(0, rows.length - Math.ceil(seen.height / seen.row) - OVERSCAN) : first;
  const to = following ? rows.length : last;
  const todayMs = startOfDay(console.now.peek());
  const isActiveDrawn = activeIndex >= from && activeIndex < to;

  return (
    <div class="bus-list">
      <div
        ref={place}
        class="rows"
        role="listbox"
        aria-label="Messages, the newest last. Arrow keys move, Enter opens."
        aria-activedescendant={isActiveDrawn && rows.length > 0 ? `row-${rows[activeIndex]?.id}` : undefined}
        tabIndex={0}
        onScroll={onScroll}
        onKeyDown={onKey}
      >
        <div class="spacer" role="presentation" style={{ height: `${rows.length * seen.row}px` }}>
          {rows.slice(from, to).map((entry, index) => (
            <BusRow
              key={entry.id}
              entry={entry}
              index={from + index}
              total={rows.length}
              top={(from + index) * seen.row}
              todayMs={todayMs}
              isNewDay={isNewDay(rows[from + index - 1], entry)}
              isActive={from + index === activeIndex && active !== null}
              isSelected={selected?.id === entry.id}
              onSelect={onSelect}
            />
          ))}
        </div>
      </div>
      {rows.length === 0 &&
        (console.caughtUp.value ? (
          <Empty title="No message matches">
            Change the filter, or wait: what comes is shown here at once.
          </Empty>
        ) : (
          <Loading what="Reading the bus" />
        ))}
      {!following && (
        <button type="button" class="to-end" onClick={onFollow}>
          {missed === 0 ? 'To the newest' : `${counted(missed, 'newer message')} ↓`}
        </button>
      )}
    </div>
  );
}

const isNewDay = (before: Entry | undefined, entry: Entry): boolean =>
  before !== undefined && startOfDay(before.timeMs) !== startOfDay(entry.timeMs);

function showRow(list: HTMLElement | null, index: number, rowPx: number): void {
  if (!list) return;
  const top = index * rowPx;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + rowPx > list.scrollTop + list.clientHeight) list.scrollTop = top + rowPx - list.clientHeight;
}
