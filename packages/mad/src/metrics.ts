import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
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
  /** Adds to a counter; 1 where no amount is given. */
  count<Name extends CounterName>(name: Name, labels: LabelsOf<Name>, amount?: number): void;
  /** Sets a gauge. */
  set<Name extends GaugeName>(name: Name, labels: LabelsOf<Name>, value: number): void;
  /** Takes down one observation, in seconds. */
  observe<Name extends HistogramName>(name: Name, labels: LabelsOf<Name>, seconds: number): void;
  /** Forgets the series of one gauge, as where its label values went out of use. */
  clear(name: GaugeName): void;
}

/** Builds every metric of the catalogue, and those of the process where asked. */
export function createMetrics(options: { processMetrics?: boolean } = {}): MadMetrics {
  const registry = new Registry();
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry });
  const counters = new Map<MetricName, Counter>();
  const gauges = new Map<MetricName, Gauge>();
  const histograms = new Map<MetricName, Histogram>();
  for (const [key, spec] of Object.entries(METRICS)) {
    const name = key as MetricName;
    const common = { name, help: spec.help, labelNames: [...spec.labels], registers: [registry] };
    if (spec.type === 'counter') counters.set(name, new Counter(common));
    else if (spec.type === 'gauge') gauges.set(name, new Gauge(common));
    else histograms.set(name, new Histogram({ ...common, buckets: [...spec.buckets] }));
  }
  return {
    registry,
    count: (name, labels, amount = 1) => counters.get(name)?.inc(labels, amount),
    set: (name, labels, value) => gauges.get(name)?.set(labels, value),
    observe: (name, labels, seconds) => histograms.get(name)?.observe(labels, seconds),
    clear: (name) => gauges.get(name)?.reset(),
  };
}
