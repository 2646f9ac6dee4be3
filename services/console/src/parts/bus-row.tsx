import { counted, rowTime, shortId, utc } from '../format.ts';
import type { Entry, GapEntry } from '../state/entries.ts';
import { summaryOf } from '../state/summary.ts';

interface Props {
  readonly entry: Entry;
  readonly index: number;
  readonly total: number;
  readonly top: number;
  /** When today began, in milliseconds since 1970: what is older has its day beside its time. */
  readonly todayMs: number;
  /** The row above is of another day. */
  readonly isNewDay: boolean;
  readonly isActive: boolean;
  readonly isSelected: boolean;
  readonly onSelect: (entry: Entry) => void;
}

/** One message in the list. The list itself hears the keyboard. */
export function BusRow({
  entry,
  index,
  total,
  top,
  todayMs,
  isNewDay,
  isActive,
  isSelected,
  onSelect,
}: Props) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list around it hears the keys.
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and names its active row.
    <div
      id={`row-${entry.id}`}
      class={`row is-${entry.type} ${isActive ? 'is-active' : ''} ${isNewDay ? 'is-new-day' : ''}`}
      role="option"
      aria-posinset={index + 1}
      aria-setsize={total}
      aria-selected={isSelected}
      data-position={entry.position}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onSelect(entry)}
    >
      <Cells entry={entry} todayMs={todayMs} />
    </div>
  );
}

function Cells({ entry, todayMs }: { entry: Entry; todayMs: number }) {
  if (entry.type === 'gap') {
    return <span class="words">{gapWords(entry)}</span>;
  }
  if (entry.type === 'withheld') {
    return (
      <>
        <time title={utc(entry.timeMs)}>{rowTime(entry.timeMs, todayMs)}</time>
        <span class="sender">{entry.senderId}</span>
        <span class={`channel kind-${entry.kind}`}>mad.{entry.kind}</span>
        <span class="words">another caller’s message</span>
      </>
    );
  }
  const { message } = entry;
  return (
    <>
      <time title={utc(entry.timeMs)}>{rowTime(entry.timeMs, todayMs)}</time>
      <span class="sender">{message.sender_id}</span>
      <span class={`channel kind-${entry.kind}`}>{message.channel.replace(/^mad\./, '')}</span>
      <span class="words">{summaryOf(message)}</span>
      <span class="id">{shortId(message.correlation_id)}</span>
    </>
  );
}

/** What a reader should know of a piece of the log that is gone. */
export const gapWords = ({ reason, missing }: GapEntry): string =>
  reason === 'trimmed'
    ? `${counted(missing ?? 0, 'message')} had left the log before they were read`
    : 'The log began anew here: what was unread of the one before is gone';
