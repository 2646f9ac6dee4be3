import { METRICS } from '@mad-group/mad';
import { code, page, table } from './markdown.ts';

export const metricsPage = (): string =>
  page(
    'Metrics',
    'At `/metrics` on the platform port. Where several MADs share a process, one port serves them all and `mad` tells them apart. The `process_*` and `nodejs_*` metrics of prom-client are there too.',
    table(
      ['metric', 'type', 'labels', 'meaning'],
      Object.entries(METRICS).map(([name, { type, labels, help }]) => [
        code(name),
        type,
        labels.map(code).join(', '),
        help,
      ]),
    ),
  );
