import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { count, dayTime } from '../format.ts';
import { usePage } from '../page.ts';
import type { Hourly } from '../state/history.ts';

const HEIGHT = 320;
const HOUR_S = 3600;
/** Between two times on the axis, in seconds: nothing is counted by less than an hour. */
const STEPS_S = [1, 2, 4, 6, 12, 24, 48].map((hours) => hours * HOUR_S);

/** Messages by hour as stacked bars. The hour under the cursor, or chosen by arrow keys, is told below. */
export function Chart({ hourly }: { hourly: Hourly }) {
  const { settings } = usePage();
  const place = useRef<HTMLElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [hour, setHour] = useState<number | null>(null);
  const shown = hour ?? hourly.hours.length - 1;
  const theme = settings.theme.value;

  useEffect(() => {
    const { current } = place;
    if (!current) return undefined;
    const made = new uPlot(optionsFor(hourly, current, setHour), dataOf(hourly), current);
    plot.current = made;
    const resizes = new ResizeObserver(() => made.setSize({ width: current.clientWidth, height: HEIGHT }));
    resizes.observe(current);
    return () => {
      resizes.disconnect();
      made.destroy();
    };
  }, [hourly, theme]);

  function onKey(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -hourly.hours.length, End: hourly.hours.length }[
      event.key
    ];
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.min(hourly.hours.length - 1, Math.max(0, shown + step));
    setHour(next);
    const left = plot.current?.valToPos((hourly.hours[next] as number) + HOUR_S / 2, 'x') ?? 0;
    plot.current?.setCursor({ left, top: HEIGHT / 2 }, false);
  }

  return (
    <div class="chart">
      <section
        ref={place}
        class="plot"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move from hour to hour.
        tabIndex={0}
        aria-label="Chart of messages by hour. Arrow keys move from hour to hour; the numbers are told below, or as a table."
        onKeyDown={onKey}
      />
      <Legend hourly={hourly} index={shown} />
    </div>
  );
}

/** What each colour is, with the counts of one hour and of all. */
function Legend({ hourly, index }: { hourly: Hourly; index: number }) {
  return (
    <div class="legend">
      <p aria-live="polite" aria-atomic="true">
        {dayTime((hourly.hours[index] ?? 0) * 1000)}
      </p>
      <ul>
        <li class="all">
          <span class="swatch" aria-hidden="true" />
          <span class="name">all</span>
          <span class="number">{count(hourly.totals[index] ?? 0)}</span>
          <span class="number total">{count(hourly.total)} in all</span>
        </li>
        {hourly.series.map(({ name, counts, total }, series) => (
          <li key={name}>
            <span class={`swatch series-${series + 1}`} aria-hidden="true" />
            <span class="name">{name}</span>
            <span class="number">{count(counts[index] ?? 0)}</span>
            <span class="number total">{count(total)} in all</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Stacked: each series with those below it added, so that the largest is drawn first and lies behind. */
function dataOf({ hours, series }: Hourly): uPlot.AlignedData {
  const sums = hours.map(() => 0);
  const stacked = series.map(({ counts }) =>
    counts.map((value, index) => {
      sums[index] = (sums[index] as number) + value;
      return sums[index] as number;
    }),
  );
  return [hours.map((hour) => hour), ...stacked.reverse()];
}

function optionsFor(
  hourly: Hourly,
  place: HTMLElement,
  onHour: (index: number | null) => void,
): uPlot.Options {
  const style = getComputedStyle(place);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: color('--text-3'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
  };
  const bars = uPlot.paths.bars?.({ size: [0.8, Number.POSITIVE_INFINITY], align: 1 });
  const [first = 0] = hourly.hours;
  const last = hourly.hours.at(-1) ?? 0;
  const series = hourly.series.map((_, index) => ({
    fill: color(`--series-${index + 1}`),
    width: 0,
    points: { show: false },
    ...(bars ? { paths: bars } : {}),
  }));
  return {
    width: place.clientWidth,
    height: HEIGHT,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
    scales: {
      // An hour is as wide as itself: the last bar ends at the right edge.
      x: { time: true, range: [first, last + HOUR_S] },
      y: { range: (_plot, _min, max) => [0, max <= 0 ? 1 : max * 1.05] },
    },
    axes: [
      { ...axis, grid: { show: false }, incrs: STEPS_S, space: 70, size: 30, gap: 8, values: hourWords },
      {
        ...axis,
        size: 52,
        gap: 8,
        values: (_plot, values) => values.map((value) => (value % 1 ? '' : count(value))),
      },
    ],
    series: [{}, ...series.reverse()],
    hooks: {
      setCursor: [
        (plot) => {
          const { left = -1 } = plot.cursor;
          if (left < 0) return onHour(null);
          const index = Math.floor((plot.posToVal(left, 'x') - first) / HOUR_S);
          onHour(Math.min(hourly.hours.length - 1, Math.max(0, index)));
        },
      ],
    },
  };
}

const HOUR = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** The time of day, and the date at its beginning. */
const hourWords = (_plot: uPlot, seconds: number[]): string[] =>
  seconds.map((second, index) => {
    const date = new Date(second * 1000);
    const before = index > 0 ? new Date((seconds[index - 1] as number) * 1000) : null;
    const isNewDay = before !== null && before.getDate() !== date.getDate();
    return isNewDay || (index === 0 && date.getHours() === 0) ? DAY.format(date) : HOUR.format(date);
  });
