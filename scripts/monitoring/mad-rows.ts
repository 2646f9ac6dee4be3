import { by, of, type PanelDraft, perSecond, quantiles } from './panels.ts';

interface MadRow {
  readonly mad: string;
  /** It has tasks and a database. */
  readonly tasks: boolean;
  /** It asks a model. */
  readonly model: boolean;
  readonly own: readonly PanelDraft[];
}

/** What one MAD does, what is its own first. */
export function madRow({ mad, tasks, model, own }: MadRow): PanelDraft[] {
  const is = `mad="${mad}"`;
  return [
    ...own,
    ...(tasks ? [...taskPanels(is), ...databasePanels(is)] : []),
    ...(model ? modelPanels(is) : []),
    ...callPanels(is),
    ...processPanels(is),
  ];
}

export const graceOwn = (): PanelDraft[] => [
  { title: 'Clients', unit: 'short', queries: [{ expr: of('mad_grace_clients'), legend: 'clients' }] },
  {
    title: 'Messages dropped',
    unit: 'ops',
    queries: by(['reason'], perSecond('mad_grace_dropped_total', ['reason'])),
  },
  {
    title: 'Clients forgotten',
    unit: 'ops',
    queries: by(['reason'], perSecond('mad_grace_expired_total', ['reason'])),
  },
];

export const rogersOwn = (): PanelDraft[] => [
  {
    title: 'Registry by status',
    unit: 'short',
    stacked: true,
    queries: by(['status'], `sum by (status) (${of('mad_rogers_connections')})`),
  },
  {
    title: 'Messages counted, and foreign ones',
    unit: 'ops',
    description: 'Foreign: published without the log by clients of the first generation, and taken up.',
    queries: [
      { expr: `sum (rate(${of('mad_bus_messages_total')}[$__rate_interval]))`, legend: 'counted' },
      { expr: `sum (rate(${of('mad_bus_foreign_messages_total')}[$__rate_interval]))`, legend: 'foreign' },
    ],
  },
];

const taskPanels = (is: string): PanelDraft[] => [
  {
    title: 'Tasks that wait and run',
    unit: 'short',
    queries: [
      { expr: `sum (${of('mad_tasks_queued', is)})`, legend: 'wait' },
      { expr: `sum (${of('mad_tasks_running', is)})`, legend: 'run' },
      { expr: `sum (${of('mad_task_outbox_pending', is)})`, legend: 'to be published' },
    ],
  },
  {
    title: 'Tasks submitted, ended, refused',
    unit: 'ops',
    queries: [
      { expr: perSecond('mad_tasks_submitted_total', ['mad'], is), legend: 'submitted' },
      ...by(['status'], perSecond('mad_tasks_finished_total', ['status'], is)),
      { expr: perSecond('mad_tasks_refused_total', ['mad'], is), legend: 'refused' },
    ],
  },
  {
    title: 'Time to the first token',
    unit: 's',
    queries: quantiles('mad_task_first_token_seconds', [], is),
  },
  {
    title: 'Time to the end of a task',
    unit: 's',
    queries: quantiles('mad_task_duration_seconds', ['status'], is),
  },
  {
    title: 'Oldest wait, longest silence',
    unit: 's',
    description: 'Silence: how long the quietest of the tasks that run has shown nothing.',
    queries: [
      { expr: `max (${of('mad_task_oldest_queued_seconds', is)})`, legend: 'oldest wait' },
      { expr: `max (${of('mad_task_silence_seconds', is)})`, legend: 'longest silence' },
    ],
  },
  {
    title: 'Attempts, pieces of text',
    unit: 'ops',
    queries: [
      ...by(['kind'], perSecond('mad_task_attempts_total', ['kind'], is)),
      { expr: perSecond('mad_task_tokens_total', ['mad'], is), legend: 'pieces of text' },
    ],
  },
  {
    title: 'Tasks stored',
    unit: 'short',
    stacked: true,
    queries: by(['status'], `sum by (status) (${of('mad_tasks_stored', is)})`),
  },
  {
    title: 'Plans',
    unit: 'ops',
    queries: [
      ...by(['outcome'], perSecond('mad_planner_calls_total', ['outcome'], is)),
      { expr: `min (${of('mad_planner_connected', is)})`, legend: 'connected' },
    ],
  },
];

const databasePanels = (is: string): PanelDraft[] => [
  {
    title: 'How long a write takes',
    unit: 's',
    queries: quantiles('mad_database_write_duration_seconds', ['durability'], is),
  },
  {
    title: 'Database and write-ahead log',
    unit: 'bytes',
    queries: [
      { expr: `max (${of('mad_database_bytes', is)})`, legend: 'database' },
      { expr: `max (${of('mad_database_wal_bytes', is)})`, legend: 'write-ahead log' },
    ],
  },
  {
    title: 'Disk: free',
    unit: 'percentunit',
    queries: [
      {
        expr: `min (${of('mad_disk_free_bytes', is)} / ${of('mad_disk_size_bytes', is)})`,
        legend: 'free',
      },
    ],
  },
];

const modelPanels = (is: string): PanelDraft[] => [
  {
    title: 'Requests to the model, by outcome',
    unit: 'ops',
    queries: by(['outcome'], perSecond('mad_provider_calls_total', ['outcome'], is)),
  },
  {
    title: 'Failed tries, by kind',
    unit: 'ops',
    queries: [
      ...by(['code'], perSecond('mad_provider_errors_total', ['code'], is)),
      { expr: perSecond('mad_provider_retries_total', ['mad'], is), legend: 'tried again' },
    ],
  },
  {
    title: 'Model: first token, whole answer',
    unit: 's',
    queries: [
      ...quantiles('mad_provider_first_token_seconds', [], is).map(({ expr, legend }) => ({
        expr,
        legend: `first token ${legend}`,
      })),
      ...quantiles('mad_provider_call_duration_seconds', [], is),
    ],
  },
  {
    title: 'Circuit breaker',
    unit: 'short',
    description: '0: requests go through. 2: the provider is away. 1: one request tries whether it is back.',
    queries: [{ expr: `max (${of('mad_provider_circuit_state', is)})`, legend: 'state' }],
  },
  {
    title: 'Model tokens',
    unit: 'ops',
    stacked: true,
    queries: by(['model', 'kind'], perSecond('mad_model_tokens_total', ['model', 'kind'], is)),
  },
  {
    title: 'Cost an hour',
    unit: 'short',
    description:
      'In the currency of LLM_PRICES. Answers of which the provider told no tokens are missing in it.',
    queries: [
      {
        expr: `3600 * ${perSecond('mad_model_cost_total', ['model'], is)}`,
        legend: '{{model}}',
      },
      {
        expr: `3600 * ${perSecond('mad_model_uncounted_calls_total', ['model'], is)}`,
        legend: '{{model}} answers not counted',
      },
    ],
  },
];

const callPanels = (is: string): PanelDraft[] => [
  {
    title: 'Tool calls',
    unit: 'ops',
    queries: by(['tool', 'outcome'], perSecond('mad_tool_calls_total', ['tool', 'outcome'], is)),
  },
  {
    title: 'How long a tool call takes',
    unit: 's',
    queries: quantiles('mad_tool_call_duration_seconds', ['tool'], is),
  },
  {
    title: 'WebSockets, refused requests',
    unit: 'short',
    queries: [
      { expr: `sum (${of('mad_websocket_connections', is)})`, legend: 'open' },
      {
        expr: `sum by (reason) (increase(${of('mad_websocket_closed_total', is)}[$__rate_interval]))`,
        legend: 'closed: {{reason}}',
      },
      {
        expr: `sum by (reason) (increase(${of('mad_refused_requests_total', is)}[$__rate_interval]))`,
        legend: 'refused: {{reason}}',
      },
    ],
  },
];

/** Of the process, which is the same for all MADs where they share one. */
const processPanels = (is: string): PanelDraft[] => {
  const here = (metric: string): string => `${of(metric)} and on (job, instance) ${of('mad_info', is)}`;
  const cpu = `rate(${of('process_cpu_seconds_total')}[$__rate_interval]) and on (job, instance) ${of('mad_info', is)}`;
  return [
    {
      title: 'Event loop: held up',
      unit: 's',
      queries: [
        { expr: here('nodejs_eventloop_lag_p99_seconds'), legend: '{{instance}} p99' },
        { expr: here('nodejs_eventloop_lag_max_seconds'), legend: '{{instance}} longest' },
      ],
    },
    { title: 'Processor', unit: 'percentunit', queries: [{ expr: cpu, legend: '{{instance}}' }] },
    {
      title: 'Memory',
      unit: 'bytes',
      queries: [
        { expr: here('process_resident_memory_bytes'), legend: '{{instance}} resident' },
        { expr: here('nodejs_heap_size_used_bytes'), legend: '{{instance}} heap' },
      ],
    },
  ];
};
