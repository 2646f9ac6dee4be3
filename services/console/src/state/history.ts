import type { Stat } from '@mad-group/protocol';
import { type Signal, signal } from '@preact/signals';
import type { Api, ApiError } from '../wire/api.ts';

/** Windows that can be chosen, in hours. */
export const WINDOWS = [6, 24, 72, 168] as const;
export type By = 'sender_id' | 'topic_pattern';

/** Series that have a colour of their own; what is beyond them is summed up. */
const MAX_SERIES = 7;
const OTHERS = 'others';
/** Pages of a long answer that are read, at most: 200,000 rows. */
const MAX_PAGES = 4;
const HOUR_S = 3600;

interface StatsPage {
  readonly stats: readonly Stat[];
  readonly next_before?: string;
}

/** Messages by hour, for a chart. */
export interface Hourly {
  /** Beginning of each hour, in seconds since 1970, without holes. */
  readonly hours: readonly number[];
  /** The largest first. */
  readonly series: readonly {
    readonly name: string;
    readonly counts: readonly number[];
    readonly total: number;
  }[];
  /** Of all series, hour by hour. */
  readonly totals: readonly number[];
  readonly total: number;
}

/** Rogers' hourly metrics, read again now and then. */
export class History {
  readonly rows: Signal<readonly Stat[] | null> = signal(null);
  readonly problem: Signal<string | null> = signal(null);
  readonly #api: Pick<Api, 'call'>;
  /** Counts requests: an answer that a later one has overtaken is dropped. */
  #asked = 0;

  constructor(api: Pick<Api, 'call'>) {
    this.#api = api;
  }

  async load(hours: number): Promise<void> {
    this.#asked += 1;
    const asked = this.#asked;
    const rows: Stat[] = [];
    try {
      let before: string | undefined;
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const input = { hours, ...(before === undefined ? {} : { before }) };
        const reply = await this.#api.call<StatsPage>('rogers', 'rogers_get_stats', input);
        rows.push(...reply.stats);
        before = reply.next_before;
        if (before === undefined) break;
      }
      if (asked !== this.#asked) return;
      this.rows.value = rows;
      this.problem.value = null;
    } catch (error) {
      if (asked === this.#asked) this.problem.value = (error as ApiError).message;
    }
  }
}

/** Rows as series over the last `hours` hours, the one under way included. */
export function toHourly(rows: readonly Stat[], by: By, hours: number, nowMs: number): Hourly {
  const last = Math.floor(nowMs / 1000 / HOUR_S) * HOUR_S;
  const times = Array.from({ length: hours }, (_, index) => last - (hours - 1 - index) * HOUR_S);
  const counts = new Map<string, number[]>();
  for (const row of rows) {
    const index = times.indexOf(Date.parse(row.hour_timestamp) / 1000);
    if (index < 0) continue;
    const name = row[by];
    const series = counts.get(name) ?? times.map(() => 0);
    counts.set(name, series);
    series[index] = (series[index] as number) + row.total_messages;
  }
  const all = [...counts].map(([name, values]) => ({ name, counts: values, total: sum(values) }));
  all.sort((a, b) => b.total - a.total || a.name.localeCompare(b.name));
  const series = all.slice(0, MAX_SERIES);
  const rest = all.slice(MAX_SERIES);
  if (rest.length > 0) {
    const together = times.map((_, index) => sum(rest.map((one) => one.counts[index] as number)));
    series.push({ name: `${rest.length} ${OTHERS}`, counts: together, total: sum(together) });
  }
  const totals = times.map((_, index) => sum(series.map((one) => one.counts[index] as number)));
  return { hours: times, series, totals, total: sum(totals) };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
