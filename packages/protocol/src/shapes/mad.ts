import { z } from 'zod';
import { SCOPES } from '../caller.ts';
import { HEALTH } from '../heartbeat.ts';
import { CorrelationId, text } from '../tool-input.ts';

/** Tools that every MAD has. */
export const MadStatusInput = z.object({ correlation_id: CorrelationId });
export const MadStatusOutput = z.object({
  status: z.literal('success'),
  mad_id: z.string(),
  title: z.string().describe('as mad-status heads it: FiedlerV1'),
  version: z.string(),
  instance_id: z.string(),
  uptime_s: z.number(),
  health: z.enum(HEALTH),
  bus: z
    .object({
      kind: z.string(),
      connected: z.boolean(),
      since: z.string().nullable().describe('when it came, or went'),
      reason: z.string().optional().describe('why it is away'),
    })
    .nullable(),
  sequential_thinking_connected: z.boolean().nullable().describe('null where the MAD does not use it'),
  database: z.string().nullable().describe('OK, or what is wrong; null where there is none'),
  provider: z.string().nullable().describe('model and provider; null where the MAD does not think'),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});
export type MadStatus = z.infer<typeof MadStatusOutput>;

export const ListToolsInput = z.object({ tool: text(128).optional(), correlation_id: CorrelationId });
export const ListToolsOutput = z.object({
  status: z.literal('success'),
  tools: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      description: z.string(),
      scope: z.enum(SCOPES),
      read_only: z.boolean(),
      input_schema: z.record(z.string(), z.unknown()),
      output_schema: z.record(z.string(), z.unknown()),
    }),
  ),
});
