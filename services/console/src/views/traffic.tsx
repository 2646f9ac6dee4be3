import { useEffect, useMemo } from 'preact/hooks';
import { count, counted, dayTime } from '../format.ts';
import { usePage } from '../page.ts';
import { Choice } from '../parts/choice.tsx';
import { LazyChart } from '../parts/lazy-chart.tsx';
import { Empty, Loading, Problem } from '../parts/messages.tsx';
import { type By, type Hourly, toHourly, WINDOWS } from '../state/history.ts';
import { hrefTo } from '../state/route.ts';
import { type TrafficChoice, trafficFrom, trafficQuery } from '../state/traffic-query.ts';

/** Rogers' counts are read again so often, in milliseconds. */
const RELOAD_MS = 15_000;
const WINDOW_WORDS: Readonly<Record<number, string>> = { 6: '6 h', 24: '24 h', 72: '3 days', 168: '7 days' };
const BY_WORDS: Readonly<Record<By, string>> = { sender_id: 'sender', topic_pattern: 'topic' };

/** How much was said, by whom and on what, hour by hour. */
export function TrafficView() {
  const { console, route } = usePage();
  const choice = trafficFrom(route.value.query);
  const { hours, by, asTable } = choice;
  const { rows, problem } = console.history;

  useEffect(() => {
    const load = (): void => void console.history.load(hours);
    load();
    const timer = setInterval(load, RELOAD_MS);
    return () => clearInterval(timer);
  }, [console, hours]);

  // The chart moves on with the hour, not with each second.
  const thisHour = Math.floor(console.now.value / 3_600_000);
  const hourly = useMemo(
    () => rows.value && toHourly(rows.value, by, hours, thisHour * 3_600_000),
    [rows.value, by, hours, thisHour],
  );

  function choose(changes: Partial<TrafficChoice>): void {
    // In place: another window is no page to come back to.
    window.location.replace(hrefTo('traffic', [], trafficQuery({ ...choice, ...changes })));
  }

  return (
    <>
      <div class="view-head">
        <h1>Traffic</h1>
        {hourly && (
          <p class="summary">
            {counted(hourly.total, 'message')} in {WINDOW_WORDS[hours]}, the hour under way included
          </p>
        )}
      </div>
      <div class="toolbar">
        <Choice
          name="Window"
          options={WINDOWS.map((one) => [one, WINDOW_WORDS[one] as string])}
          value={hours}
          onChoose={(value) => choose({ hours: value })}
        />
        <Choice
          name="By"
          options={[
            ['sender_id', 'Sender'],
            ['topic_pattern', 'Topic'],
          ]}
          value={by}
          onChoose={(value) => choose({ by: value })}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={asTable}
            onChange={(event) => choose({ asTable: event.currentTarget.checked })}
          />
          As a table
        </label>
      </div>
      {problem.value !== null && (
        <Problem words={problem.value} onRetry={() => void console.history.load(hours)} />
      )}
      {hourly === null && problem.value === null && <Loading what="Counting" />}
      {hourly && (
        <section class="panel" aria-label={`Messages by hour and ${BY_WORDS[by]}`}>
          {hourly.total === 0 && (
            <Empty title="Nothing was said in this time">
              Choose a longer window, or wait for the first message.
            </Empty>
          )}
          {hourly.total > 0 && (asTable ? <Table hourly={hourly} /> : <LazyChart hourly={hourly} />)}
        </section>
      )}
    </>
  );
}

/** The same numbers, for who would rather read them. */
function Table({ hourly }: { hourly: Hourly }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section class="scroll-x" tabIndex={0} aria-label="Messages by hour, a table">
      <table class="hours">
        <thead>
          <tr>
            <th scope="col">Hour</th>
            {hourly.series.map(({ name }) => (
              <th key={name} scope="col" class="number">
                {name}
              </th>
            ))}
            <th scope="col" class="number">
              All
            </th>
          </tr>
        </thead>
        <tbody>
          {hourly.hours
            .map((hour, index) => (
              <tr key={hour}>
                <th scope="row">{dayTime(hour * 1000)}</th>
                {hourly.series.map(({ name, counts }) => (
                  <td key={name} class="number">
                    {count(counts[index] ?? 0)}
                  </td>
                ))}
                <td class="number sum">{count(hourly.totals[index] ?? 0)}</td>
              </tr>
            ))
            .reverse()}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">All of them</th>
            {hourly.series.map(({ name, total }) => (
              <td key={name} class="number sum">
                {count(total)}
              </td>
            ))}
            <td class="number sum">{count(hourly.total)}</td>
          </tr>
        </tfoot>
      </table>
    </section>
  );
}
