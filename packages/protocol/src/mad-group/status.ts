import { z } from 'zod';
import { listMap } from './cel.ts';

/** Kinds of conditions, in the order in which a person reads them. */
export const CONDITION_TYPES = ['Accepted', 'Progressing', 'Available', 'Verified', 'Degraded'] as const;

/** As metav1.Condition has it. */
const ConditionSchema = z.object({
  type: z.enum(CONDITION_TYPES),
  status: z.enum(['True', 'False', 'Unknown']),
  observedGeneration: z.int().min(0).optional().describe('Generation of the spec that this was found at.'),
  lastTransitionTime: z.iso.datetime().describe('When the status last changed.'),
  reason: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/)
    .describe('One word for programs.'),
  message: z.string().max(32_768).describe('What is so, and what to do about it.'),
});
export type MadGroupCondition = z.output<typeof ConditionSchema>;

const MemberStatusSchema = z.object({
  name: z.string(),
  replicas: z.int().min(0).optional().describe('Pods that it should have.'),
  readyReplicas: z.int().min(0).optional().describe('Pods that are ready.'),
  version: z.string().optional().describe('As it says itself.'),
  endpoint: z.string().optional().describe('Where clients in the cluster reach it.'),
});

export const MadGroupStatusSchema = z.object({
  observedGeneration: z.int().min(0).optional().describe('Generation of the spec that this was found at.'),
  conditions: z.array(ConditionSchema).meta(listMap('type')).optional(),
  mads: z.array(MemberStatusSchema).meta(listMap('name')).optional(),
  ready: z.string().optional().describe('MADs that are ready, of all, such as `4/4`.'),
  model: z.string().optional().describe('Name of the model, or `offline`.'),
});
export type MadGroupStatus = z.output<typeof MadGroupStatusSchema>;
