import type { Logger } from '@mad-group/protocol';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricSpec } from './metrics/catalogue/spec.ts';
import {
  type CounterName,
  type GaugeName,
  type HistogramName,
  type LabelsOf,
  METRICS,
  type MetricName,
} from './metrics/catalogue.ts';

/** The process's metrics. One registry serves every MAD in it; most metrics have a `mad` label. */
export interface MadMetrics {
  readonly registry: Registry;
  /** Adds to a counter; 1 where no amount is given, and 0 makes it known before the first. */
  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, amount?: number): void;
  /** Sets a gauge. */
  set<Name extends GaugeName>(name: Name, labels: LabelsOf<Name>, value: number): void;
  /** Takes down one observation, in seconds. */
  observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, seconds: number): void;
  /** Makes an empty histogram known before its first observation. */
  expect<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>): void;
  /** Calls back before each scrape, to set what is looked up and not kept. Returns what ends it. */
  onScrape(look: () => void | Promise<void>): () => void;
  /** All of it, in the format of Prometheus. */
  scrape(): Promise<string>;
}

/** A look that takes longer than this is not waited for: its gauges keep what they had. In milliseconds. */
const LOOK_TIMEOUT_MS = 1_000;

/**
 * Gauges of prom-client that are called like counters, and sums of others; Prometheus' own lint
 * refuses them.
 */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** The process's own metrics: memory, processor, garbage collection, the delay of the event loop. */
export function collectProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}

/**
 * The metrics of the catalogue, each of them there from its first use on, so that a process shows
 * none of a MAD that it is not; and those of the process where asked.
 */
export function createMetrics(options: { processMetrics?: boolean; log?: Logger } = {}): MadMetrics {
  const registry = new Registry();
  if (options.processMetrics ?? true) collectProcessMetrics(registry);
  const looks = new Set<() => void | Promise<void>>();

  function lasting<Metric>(make: (of: ReturnType<typeof describe>, name: MetricName) => Metric) {
    const made = new Map<MetricName, Metric>();
    return (name: MetricName): Metric => {
      const known = made.get(name);
      if (known) return known;
      const metric = make(describe(name), name);
      made.set(name, metric);
      return metric;
    };
  }
  const describe = (name: MetricName) => {
    const { help, labels } = METRICS[name];
    return { name, help, labelNames: [...labels], registers: [registry] };
  };
  const counter = lasting((of) => new Counter(of));
  const gauge = lasting((of) => new Gauge(of));
  const histogram = lasting((of, name) => {
    const { buckets = [] }: MetricSpec = METRICS[name];
    return new Histogram({ ...of, buckets: [...buckets] });
  });

  async function lookNow(look: () => void | Promise<void>): Promise<void> {
    try {
      await within(LOOK_TIMEOUT_MS, look());
    } catch (error) {
      options.log?.warn({ err: error }, 'Some metrics could not be read');
    }
  }

  return {
    registry,
    count: (name, labels, amount = 1) => counter(name).inc(labels, amount),
    set: (name, labels, value) => gauge(name).set(labels, value),
    observe: (name, labels, seconds) => histogram(name).observe(labels, seconds),
    expect: (name, labels) => histogram(name).zero(labels),
    onScrape(look) {
      looks.add(look);
      return () => looks.delete(look);
    },
    async scrape() {
      await Promise.all(Array.from(looks, lookNow));
      return registry.metrics();
    },
  };
}

async function within(ms: number, work: void | Promise<void>): Promise<void> {
  if (work === undefined) return;
  const timer = Promise.withResolvers<void>();
  const handle = setTimeout(timer.resolve, ms);
  await Promise.race([work, timer.promise]).finally(() => clearTimeout(handle));
}
