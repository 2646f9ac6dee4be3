import { BUS } from './catalogue/bus.ts';
import { DATABASE } from './catalogue/database.ts';
import { EVERY_MAD } from './catalogue/every-mad.ts';
import { GRACE } from './catalogue/grace.ts';
import { PROVIDER } from './catalogue/provider.ts';
import { READERS, ROGERS } from './catalogue/rogers.ts';
import type { MetricSpec } from './catalogue/spec.ts';
import { TASKS } from './catalogue/tasks.ts';

/**
 * Every metric of our own, by name. `docs/reference/metrics.md` is generated from this table; the
 * process's own metrics (`process_*`, `nodejs_*`) come from prom-client.
 */
export const METRICS = {
  ...EVERY_MAD,
  ...BUS,
  ...TASKS,
  ...DATABASE,
  ...PROVIDER,
  ...ROGERS,
  ...READERS,
  ...GRACE,
};

interface MetricGroup {
  readonly title: string;
  /** The MADs that tell these. */
  readonly mads: readonly ('grace' | 'fiedler' | 'rogers' | 'sequential-thinking')[];
  readonly metrics: Readonly<Record<string, MetricSpec>>;
}

/** The same metrics by who tells them. */
export const METRIC_GROUPS: readonly MetricGroup[] = [
  {
    title: 'Every MAD',
    mads: ['grace', 'fiedler', 'rogers', 'sequential-thinking'],
    metrics: { ...EVERY_MAD, ...BUS },
  },
  { title: 'Tasks: Fiedler and Rogers', mads: ['fiedler', 'rogers'], metrics: TASKS },
  { title: 'Databases: Fiedler and Rogers', mads: ['fiedler', 'rogers'], metrics: DATABASE },
  {
    title: 'The model: Fiedler, Rogers and Sequential Thinking',
    mads: ['fiedler', 'rogers', 'sequential-thinking'],
    metrics: PROVIDER,
  },
  { title: 'Rogers', mads: ['rogers'], metrics: ROGERS },
  { title: 'Rogers and Grace', mads: ['rogers', 'grace'], metrics: READERS },
  { title: 'Grace', mads: ['grace'], metrics: GRACE },
];

type Catalogue = typeof METRICS;
export type MetricName = keyof Catalogue;

type NamesOf<Type extends MetricSpec['type']> = {
  [Name in MetricName]: Catalogue[Name]['type'] extends Type ? Name : never;
}[MetricName];
export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;

/** The labels that a metric takes, all of them required. */
export type LabelsOf<Name extends MetricName> = {
  readonly [Label in Catalogue[Name]['labels'][number]]: string;
};
