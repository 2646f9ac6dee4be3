import { useEffect, useMemo } from 'preact/hooks';
import { clockTime, counted, day, duration, shortId, utc, ZONE } from '../format.ts';
import { usePage } from '../page.ts';
import { SearchState } from '../parts/search-state.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { hrefTo } from '../state/route.ts';
import { hopsOf, isPlan, tasksOf } from '../state/trace.ts';

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
  const listed = console.tasks.list.value.filter((task) => task.correlation_id === correlationId);
  const traced = tasksOf(messages);
  // A log that is gone does not take the way back with it, where the tasks were looked at.
  const own = traced.length > 0 ? traced : listed.map(({ mad, task_id }) => ({ mad, taskId: task_id }));
  const hasPlan = messages.some(isPlan);
  const members = new Set(messages.map(({ message }) => message.sender_id));

  return (
    <>
      <div class="view-head">
        <h1>Trace</h1>
        <p class="summary">
          <code class="whole-id">{correlationId}</code>
        </p>
        {own.map(({ mad, taskId }) => (
          <a key={taskId} class="button small" href={hrefTo('tasks', [mad, taskId])}>
            {own.length === 1 ? 'Its task' : `Task ${shortId(taskId)} of ${mad}`}
          </a>
        ))}
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
      {hasPlan && (
        <p class="hint">
          Who made the plan is not among the senders: Fiedler asks Sequential Thinking over a connection of
          its own, and not over the bus.
        </p>
      )}
      {hops.length > 0 && <Timeline hops={hops} />}
    </>
  );
}
