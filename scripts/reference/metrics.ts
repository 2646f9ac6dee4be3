import { createMetrics, METRIC_GROUPS } from '@mad-group/mad';
import { OPERATOR_METRICS } from '../../services/operator/src/metrics.ts';
import { code, page, table } from './markdown.ts';

interface Metric {
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

const metricsTable = (metrics: Readonly<Record<string, Metric>>): string =>
  table(
    ['metric', 'type', 'labels', 'meaning'],
    Object.entries(metrics).map(([name, { type, labels, help }]) => [
      code(name),
      type,
      labels.map(code).join(', '),
      help,
    ]),
  );

/** What Node tells of itself. What the system tells beside it, `process_*`, is not the same everywhere. */
function nodeTable(): string {
  const ofNode = createMetrics()
    .registry.getMetricsAsArray()
    .filter(({ name }) => name.startsWith('nodejs_'))
    .map(({ name, help }) => [code(name), help]);
  return table(['metric', 'meaning'], ofNode);
}

const EVERY_PROCESS =
  'Without a `mad` label, and of the operator too. `nodejs_eventloop_lag_*` is how long the event loop was held up since the last scrape. Beside these there is what the system knows of a process, `process_*`: processor’s time, memory, open files, when it started.';

export const metricsPage = (): string =>
  page(
    'Metrics',
    'At `/metrics` on the platform port. Where several MADs share a process, one port serves them all and `mad` tells them apart. A Prometheus adds its own labels, such as `job` and `namespace`. How to have them read, and what to know of them: [metrics](../metrics.md).',
    [
      ...METRIC_GROUPS.map(({ title, metrics }) => `## ${title}\n\n${metricsTable(metrics)}`),
      `## The operator\n\n${metricsTable(OPERATOR_METRICS)}`,
      `## Every process\n\n${EVERY_PROCESS}\n\n${nodeTable()}`,
    ].join('\n\n'),
  );
