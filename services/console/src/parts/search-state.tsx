import { counted, dayTime } from '../format.ts';
import { usePage } from '../page.ts';
import { beganLater, type Trace } from '../state/trace.ts';
import { Empty, Loading, Problem } from './messages.tsx';

/** How far the log was searched for a trace, and why it may have less than there was. */
export function SearchState({ trace, found }: { trace: Trace; found: number }) {
  const search = trace.search.value;
  if (search.state === 'failed') {
    return <Problem words={search.problem ?? ''} onRetry={() => trace.searchWhole()} />;
  }
  if (search.state === 'running')
    return <Loading what={search.whole ? 'Searching the whole log' : 'Searching the log'} />;
  const from = search.searchedFrom === null ? null : dayTime(Date.parse(search.searchedFrom));
  return (
    <>
      {found === 0 && <Missing trace={trace} />}
      {trace.gone.value > 0 && (
        <p class="note">
          {counted(trace.gone.value, 'message')} of these the log has no more: this page still holds what it
          read. <WhyGone />
        </p>
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

/** None was found: what is known of why. */
function Missing({ trace }: { trace: Trace }) {
  const search = trace.search.value;
  const begin = search.searchedFrom === null ? '' : dayTime(Date.parse(search.searchedFrom));
  if (beganLater(search, trace.nearMs)) {
    return (
      <Empty title="The log has let go of it">
        The log begins at {begin}, after what is sought. <WhyGone />
      </Empty>
    );
  }
  return (
    <Empty title="No message has this id">
      The log may have let go of it by now, or it is another caller’s. What comes from now on is shown here.
      {search.whole && begin !== '' && ` The log begins at ${begin}.`}
    </Empty>
  );
}

function WhyGone() {
  const { console } = usePage();
  return console.group.value?.bus.kind === 'memory' ? (
    <>A bus in memory begins anew with each start of the group.</>
  ) : (
    <>The log keeps the newest, up to its bounds.</>
  );
}
