interface MetricSpec {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, in the unit that the name ends with. */
  readonly buckets?: readonly number[];
}

const CALL_BUCKETS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60];
const MODEL_BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/**
 * Every metric of our own, by name. `docs/reference/metrics.md` is generated from this table; the
 * process's own metrics (`process_*`, `nodejs_*`) come from prom-client.
 */
export const METRICS = {
  mad_info: {
    type: 'gauge',
    help: 'Always 1; says which version of a MAD runs here.',
    labels: ['mad', 'version', 'instance'],
  },
  mad_ready: { type: 'gauge', help: '1 when the MAD is ready, else 0.', labels: ['mad'] },
  mad_tool_calls_total: {
    type: 'counter',
    help: 'Tool calls by surface and outcome: ok, or the code of the error.',
    labels: ['mad', 'tool', 'surface', 'outcome'],
  },
  mad_tool_call_duration_seconds: {
    type: 'histogram',
    help: 'How long a tool call took.',
    labels: ['mad', 'tool'],
    buckets: CALL_BUCKETS,
  },
  mad_refused_requests_total: {
    type: 'counter',
    help: 'Requests refused before any tool: unauthenticated, host, origin.',
    labels: ['mad', 'reason'],
  },
  mad_websocket_connections: {
    type: 'gauge',
    help: 'Open WebSocket connections.',
    labels: ['mad'],
  },
  mad_websocket_closed_total: {
    type: 'counter',
    help: 'Connections that the MAD ended: slow_reader, keepalive, unauthenticated.',
    labels: ['mad', 'reason'],
  },
  mad_bus_connected: { type: 'gauge', help: '1 when the bus is connected, else 0.', labels: ['mad'] },
  mad_bus_outages_total: {
    type: 'counter',
    help: 'Times that a connected bus was lost.',
    labels: ['mad'],
  },
  mad_bus_published_total: {
    type: 'counter',
    help: 'Messages that this MAD published, by outcome: ok, or the code of the error.',
    labels: ['mad', 'outcome'],
  },
  mad_bus_publish_duration_seconds: {
    type: 'histogram',
    help: 'How long a publish took until the log had the message.',
    labels: ['mad'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
  },
  mad_tasks_submitted_total: { type: 'counter', help: 'Tasks accepted.', labels: ['mad'] },
  mad_tasks_refused_total: { type: 'counter', help: 'Tasks refused by a full queue.', labels: ['mad'] },
  mad_tasks_finished_total: {
    type: 'counter',
    help: 'Tasks ended, by their terminal status.',
    labels: ['mad', 'status'],
  },
  mad_task_duration_seconds: {
    type: 'histogram',
    help: 'From a task’s start to its end.',
    labels: ['mad', 'status'],
    buckets: MODEL_BUCKETS,
  },
  mad_task_first_token_seconds: {
    type: 'histogram',
    help: 'From the acceptance of a task to its first token.',
    labels: ['mad'],
    buckets: MODEL_BUCKETS,
  },
  mad_task_tokens_total: { type: 'counter', help: 'Tokens streamed by tasks.', labels: ['mad'] },
  mad_tasks_queued: { type: 'gauge', help: 'Tasks that wait.', labels: ['mad'] },
  mad_tasks_running: { type: 'gauge', help: 'Tasks that run.', labels: ['mad'] },
  mad_task_outbox_pending: {
    type: 'gauge',
    help: 'Events of tasks stored and not yet published.',
    labels: ['mad'],
  },
  mad_planner_calls_total: {
    type: 'counter',
    help: 'Plans asked of Sequential Thinking, by outcome: ok, or the code of the error.',
    labels: ['mad', 'outcome'],
  },
  mad_planner_connected: {
    type: 'gauge',
    help: '1 when Sequential Thinking is connected, else 0.',
    labels: ['mad'],
  },
  mad_provider_calls_total: {
    type: 'counter',
    help: 'Requests to the model provider, by outcome: ok, or the code of the error.',
    labels: ['mad', 'outcome'],
  },
  mad_provider_call_duration_seconds: {
    type: 'histogram',
    help: 'How long a request to the model provider took, its stream included.',
    labels: ['mad'],
    buckets: MODEL_BUCKETS,
  },
  mad_provider_retries_total: {
    type: 'counter',
    help: 'Requests to the model provider that were tried again.',
    labels: ['mad'],
  },
  mad_provider_circuit_state: {
    type: 'gauge',
    help: '0 while requests go to the model provider, 2 while it is away and left alone, 1 while one request tries whether it is back.',
    labels: ['mad'],
  },
  mad_bus_messages_total: {
    type: 'counter',
    help: 'Messages in the group’s log by sender and topic pattern, as Rogers counted them.',
    labels: ['sender_id', 'topic_pattern'],
  },
  mad_bus_foreign_messages_total: {
    type: 'counter',
    help: 'Messages published without the log and taken up by Rogers.',
    labels: [],
  },
  mad_bus_gaps_total: {
    type: 'counter',
    help: 'Pieces of the log that were gone before they were read.',
    labels: ['mad', 'reason'],
  },
  mad_bus_reader_lag_seconds: {
    type: 'gauge',
    help: 'Age of the newest entry read from the log when it was read.',
    labels: ['mad'],
  },
  mad_rogers_connections: {
    type: 'gauge',
    help: 'MADs in the registry of Rogers by status.',
    labels: ['status'],
  },
  mad_grace_clients: { type: 'gauge', help: 'Clients that Grace keeps a queue for.', labels: [] },
  mad_grace_dropped_total: {
    type: 'counter',
    help: 'Messages that full queues of Grace’s clients dropped.',
    labels: [],
  },
  mad_grace_expired_total: {
    type: 'counter',
    help: 'Clients that Grace forgot: idle, or past the limit.',
    labels: ['reason'],
  },
} as const satisfies Record<string, MetricSpec>;

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
