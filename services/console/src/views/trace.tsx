import { useEffect, useMemo } from 'preact/hooks';
import { clockTime, counted, day, dayTime, duration, utc, ZONE } from '../format.ts';
import { usePage } from '../page.ts';
import { Empty, Loading, Problem } from '../parts/messages.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { hrefTo } from '../state/route.ts';
import { hopsOf, type Search, type Trace } from '../state/trace.ts';

/** One correlation id through all of its hops. */
export function TraceView() {
  const { console, route } = usePage();
  const [correlationId = ''] = route.value.path;
  const near = Number(route.value.query.get('near')) || null;
  const trace = useMemo(() => console.openTrace(correlationId, near), [console, correlationId, near]);
  // What comes while it is looked at belongs to it, too; the log tells.
  useEffect(() => trace.flush(), [trace]);

  const messages = trace.messages.value;
  const hops = useMemo(() => hopsOf(messages), [messages]);
  const first = messages[0];
  const last = messages.at(-1);
  const members = new Set(messages.map(({ message }) => message.sender_id));

  return (
    <>
      <div class="view-head">
        <h1>Trace</h1>
        <p class="summary">
          <code class="whole-id">{correlationId}</code>
        </p>
        <a class="button small" href={hrefTo('bus', [], { text: correlationId })}>
          In the tail
        </a>
      </div>
      {first && last && (
        <p class="trace-sum">
          {counted(messages.length, 'message')} of {[...members].join(', ')} within{' '}
          <strong>{duration(last.timeMs - first.timeMs)}</strong>, from{' '}
          <time title={utc(first.timeMs)}>
            {day(first.timeMs)}, {clockTime(first.timeMs)}
          </time>{' '}
          ({ZONE})
        </p>
      )}
      <SearchState trace={trace} found={messages.length} />
      {hops.length > 0 && <Timeline hops={hops} />}
    </>
  );
}

function SearchState({ trace, found }: { trace: Trace; found: number }) {
  const search: Search = trace.search.value;
  if (search.state === 'failed') {
    return <Problem words={search.problem ?? ''} onRetry={() => trace.searchWhole()} />;
  }
  if (search.state === 'running')
    return <Loading what={search.whole ? 'Searching the whole log' : 'Searching the log'} />;
  const from = search.searchedFrom === null ? null : dayTime(Date.parse(search.searchedFrom));
  return (
    <>
      {found === 0 && (
        <Empty title="No message has this id">
          The log may have let go of it by now, or it is another caller’s. What comes from now on is shown
          here.
        </Empty>
      )}
      {!search.whole && (
        <p class="hint">
          {from === null ? 'Nothing was looked at.' : `The log was searched from ${from} on.`}{' '}
          <button type="button" class="small" onClick={() => trace.searchWhole()}>
            Search all of it
          </button>
        </p>
      )}
    </>
  );
}
