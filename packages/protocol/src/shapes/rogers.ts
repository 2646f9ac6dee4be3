import { z } from 'zod';
import { CorrelationId, integer, optionalText } from '../tool-input.ts';

export const CONNECTION_STATUSES = ['CONNECTED', 'HEALTHY', 'STALE', 'DISCONNECTED'] as const;
export const ConnectionSchema = z.object({
  mad_id: z.string(),
  status: z.enum(CONNECTION_STATUSES),
  connected_at: z.string(),
  last_heartbeat: z.string(),
});
export type Connection = z.infer<typeof ConnectionSchema>;

export const GetConnectionsInput = z.object({ correlation_id: CorrelationId });
export const GetConnectionsOutput = z.object({
  status: z.literal('success'),
  connections: z.array(ConnectionSchema),
});

/** Longest window of `hours`: a year. */
export const MAX_STATS_HOURS = 8760;
/** Rows of one reply of `rogers_get_stats`, at most. */
export const MAX_STATS_ROWS = 50_000;

export const GetStatsInput = z.object({
  hours: integer(1, MAX_STATS_HOURS)
    .optional()
    .describe('the last so many hours, this one included; 1 where absent'),
  before: optionalText(4096).describe('next_before of a truncated reply: the rows that follow it'),
  correlation_id: CorrelationId,
});
export const StatSchema = z.object({
  hour_timestamp: z.string(),
  sender_id: z.string(),
  topic_pattern: z.string(),
  total_messages: z.number().int(),
});
export type Stat = z.infer<typeof StatSchema>;
export const GetStatsOutput = z.object({
  status: z.literal('success'),
  stats: z.array(StatSchema),
  truncated: z
    .literal(true)
    .optional()
    .describe(
      `only where there are more rows than the ${MAX_STATS_ROWS} newest, which a reply holds at most`,
    ),
  next_before: z
    .string()
    .optional()
    .describe('with truncated: hand it back as before for the rows that follow'),
});
