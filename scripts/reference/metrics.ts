import { METRICS } from '@mad-group/mad';
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

export const metricsPage = (): string =>
  page(
    'Metrics',
    'At `/metrics` on the platform port. Where several MADs share a process, one port serves them all and `mad` tells them apart. The `process_*` and `nodejs_*` metrics of prom-client are there too.',
    `${metricsTable(METRICS)}\n\n## The operator\n\n${metricsTable(OPERATOR_METRICS)}`,
  );
