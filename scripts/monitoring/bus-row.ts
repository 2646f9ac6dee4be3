import { by, of, type PanelDraft, perSecond, quantiles } from './panels.ts';

/** The bus and everyone on it. */
export const busRow = (): PanelDraft[] => [
  {
    title: 'Messages by sender',
    unit: 'ops',
    description: 'As Rogers counts the log. Senders past 200 are `other`.',
    stacked: true,
    queries: by(['sender_id'], perSecond('mad_bus_messages_total', ['sender_id'])),
  },
  {
    title: 'Messages by topic pattern',
    unit: 'ops',
    stacked: true,
    queries: by(['topic_pattern'], perSecond('mad_bus_messages_total', ['topic_pattern'])),
  },
  {
    title: 'Published, by outcome',
    unit: 'ops',
    queries: by(['mad', 'outcome'], perSecond('mad_bus_published_total', ['mad', 'outcome'])),
  },
  {
    title: 'How long a publish takes',
    unit: 's',
    queries: quantiles('mad_bus_publish_duration_seconds', ['mad']),
  },
  {
    title: 'Ready and connected',
    unit: 'short',
    description: 'Instances of each MAD that are ready, and that are connected to the bus.',
    queries: [
      { expr: `sum by (mad) (${of('mad_ready')})`, legend: '{{mad}} ready' },
      { expr: `sum by (mad) (${of('mad_bus_connected')})`, legend: '{{mad}} connected' },
    ],
  },
  {
    title: 'Lag in messages',
    unit: 'short',
    description: 'Entries between the head of the log and what each reader has done with.',
    queries: by(['mad', 'reader'], `max by (mad, reader) (${of('mad_bus_lag_messages')})`),
  },
  {
    title: 'Lag in time',
    unit: 's',
    description: 'How long ago each reader was last at the head of the log.',
    queries: by(['mad', 'reader'], `max by (mad, reader) (${of('mad_bus_lag_seconds')})`),
  },
  {
    title: 'Lost: gaps, drops, outages',
    unit: 'short',
    queries: [
      ...by(
        ['mad', 'reason'],
        `sum by (mad, reason) (increase(${of('mad_bus_gaps_total')}[$__rate_interval]))`,
      ),
      {
        expr: `sum by (reason) (increase(${of('mad_grace_dropped_total')}[$__rate_interval]))`,
        legend: 'dropped {{reason}}',
      },
      {
        expr: `sum by (mad) (increase(${of('mad_bus_outages_total')}[$__rate_interval]))`,
        legend: '{{mad}} outages',
      },
    ],
  },
];
