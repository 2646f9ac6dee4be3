import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { count, counted, dayTime } from '../format.ts';
import { usePage } from '../page.ts';
import { LazyChart } from '../parts/lazy-chart.tsx';
import { Empty, Loading, Problem } from '../parts/messages.tsx';
import { type By, type Hourly, toHourly, WINDOWS } from '../state/history.ts';

/** Rogers' counts are read again so often, in milliseconds. */
const RELOAD_MS = 15_000;
const WINDOW_WORDS: Readonly<Record<number, string>> = { 6: '6 h', 24: '24 h', 72: '3 days', 168: '7 days' };
const BY_WORDS: Readonly<Record<By, string>> = { sender_id: 'sender', topic_pattern: 'topic' };

/** How much was said, by whom and on what, hour by hour. */
export function TrafficView() {
  const { console } = usePage();
  const hours = useSignal<number>(WINDOWS[1]);
  const by = useSignal<By>('sender_id');
  const asTable = useSignal(false);
  const { rows, problem } = console.history;

  useEffect(() => {
    const load = (): void => void console.history.load(hours.value);
    load();
    const timer = setInterval(load, RELOAD_MS);
    return () => clearInterval(timer);
  }, [console, hours.value]);

  // The chart moves on with the hour, not with each second.
  const thisHour = Math.floor(console.now.value / 3_600_000);
  const hourly = useMemo(
    () => rows.value && toHourly(rows.value, by.value, hours.value, thisHour * 3_600_000),
    [rows.value, by.value, hours.value, thisHour],
  );

  return (
    <>
      <div class="view-head">
        <h1>Traffic</h1>
        {hourly && (
          <p class="summary">
            {counted(hourly.total, 'message')} in {WINDOW_WORDS[hours.value]}, the hour under way included
          </p>
        )}
      </div>
      <div class="toolbar">
        <Choice
          name="Window"
          options={WINDOWS.map((one) => [one, WINDOW_WORDS[one] as string])}
          value={hours}
        />
        <Choice
          name="By"
          options={[
            ['sender_id', 'Sender'],
            ['topic_pattern', 'Topic'],
          ]}
          value={by}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={asTable.value}
            onChange={(event) => {
              asTable.value = event.currentTarget.checked;
            }}
          />
          As a table
        </label>
      </div>
      {problem.value !== null && (
        <Problem words={problem.value} onRetry={() => void console.history.load(hours.value)} />
      )}
      {hourly === null && problem.value === null && <Loading what="Counting" />}
      {hourly && (
        <section class="panel" aria-label={`Messages by hour and ${BY_WORDS[by.value]}`}>
          {hourly.total === 0 && (
            <Empty title="Nothing was said in this time">
              Choose a longer window, or wait for the first message.
            </Empty>
          )}
          {hourly.total > 0 && (asTable.value ? <Table hourly={hourly} /> : <LazyChart hourly={hourly} />)}
        </section>
      )}
    </>
  );
}

function Choice<Value extends string | number>({
  name,
  options,
  value,
}: {
  name: string;
  options: readonly (readonly [Value, string])[];
  value: { value: Value };
}) {
  return (
    <fieldset class="choice">
      <legend>{name}</legend>
      {options.map(([option, words]) => (
        <label key={option}>
          <input
            type="radio"
            name={name}
            checked={value.value === option}
            onChange={() => {
              value.value = option;
            }}
          />
          <span>{words}</span>
        </label>
      ))}
    </fieldset>
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
              </tr>
            ))
            .reverse()}
        </tbody>
      </table>
    </section>
  );
}
