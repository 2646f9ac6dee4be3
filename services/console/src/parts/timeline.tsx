import { useSignal } from '@preact/signals';
import { clip, clockTime, counted, duration, shortId, utc } from '../format.ts';
import { summaryOf } from '../state/summary.ts';
import type { Hop } from '../state/trace.ts';
import { JsonView } from './json-view.tsx';

/** Narrowest bar, as in the styles: a moment must be seen, too, and within its track. */
const MIN_WIDTH_PX = 4;

/** Hops one below the other, each at its place in time. A row opens to show its message. */
export function Timeline({ hops }: { hops: readonly Hop[] }) {
  const startMs = hops[0]?.first.timeMs ?? 0;
  const spanMs = Math.max(1, (hops.at(-1)?.last.timeMs ?? startMs) - startMs);
  return (
    <ol class="timeline" aria-label="Hops in the order of the log">
      {hops.map((hop) => (
        <Row key={hop.key} hop={hop} startMs={startMs} spanMs={spanMs} />
      ))}
    </ol>
  );
}

function Row({ hop, startMs, spanMs }: { hop: Hop; startMs: number; spanMs: number }) {
  const open = useSignal(false);
  const { first, last } = hop;
  const { message, kind } = first;
  const left = ((first.timeMs - startMs) / spanMs) * 100;
  const width = ((last.timeMs - first.timeMs) / spanMs) * 100;
  const offset = first.timeMs - startMs;
  return (
    <li>
      <details
        class="hop"
        onToggle={(event) => {
          open.value = event.currentTarget.open;
        }}
      >
        <summary>
          <span class="offset" title={`${clockTime(first.timeMs)}, ${utc(first.timeMs)}`}>
            +{duration(offset)}
          </span>
          <span class="way">
            <strong>{message.sender_id}</strong>
            <span class="arrow" aria-hidden="true">
              →
            </span>
            <span class="hidden">to</span>
            <span class={`channel kind-${kind}`}>{targetOf(hop)}</span>
          </span>
          <span class="words">{wordsOf(hop)}</span>
          <span class="track" aria-hidden="true">
            <span
              class={`bar kind-${kind}`}
              style={{
                left: `min(${left}%, 100% - ${MIN_WIDTH_PX}px)`,
                width: `${width}%`,
              }}
            />
          </span>
        </summary>
        {open.value && <Content hop={hop} />}
      </details>
    </li>
  );
}

function Content({ hop }: { hop: Hop }) {
  const { message } = hop.first;
  if (hop.text !== null) return <p class="answer">{hop.text}</p>;
  return message.payload === null ? (
    <p class="answer">{message.excerpt}…</p>
  ) : (
    <JsonView value={message.payload} />
  );
}

/** A recipient's name, a topic's, or the task whose stream it is. */
function targetOf({ first: { message, kind } }: Hop): string {
  if (kind === 'stream') return `task ${shortId(message.channel.slice('mad.stream.'.length))}`;
  return message.recipient_id ?? message.channel.replace(/^mad\.(direct\.)?/, '');
}

function wordsOf({ first, last, count, text }: Hop): string {
  if (text === null || count === 1) return summaryOf(first.message);
  return `${counted(count, 'token message')} in ${duration(last.timeMs - first.timeMs)}: “${clip(text, 120)}”`;
}
