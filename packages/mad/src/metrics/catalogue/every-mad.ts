import type { MetricSpec } from './spec.ts';

/** What every MAD tells of itself and its callers. */
export const EVERY_MAD = {
  mad_info: {
    type: 'gauge',
    help: 'Always 1; says which version of a MAD runs here.',
    labels: ['mad', 'version', 'instance_id'],
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
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60],
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
} as const satisfies Record<string, MetricSpec>;
