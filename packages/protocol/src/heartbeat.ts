import { z } from 'zod';

export const HEALTH = ['HEALTHY', 'DEGRADED', 'STOPPING'] as const;

/** Payload on `mad.system.heartbeat`, every 15 s and once, with `STOPPING`, at a stop. */
export const HeartbeatSchema = z.object({
  type: z.literal('heartbeat'),
  mad_id: z.string().min(1),
  instance_id: z.string().min(1),
  version: z.string(),
  health: z.enum(HEALTH),
  uptime_s: z.number(),
});
export type Heartbeat = z.infer<typeof HeartbeatSchema>;

/** How often a MAD beats, in milliseconds. */
export const HEARTBEAT_INTERVAL_MS = 15_000;
