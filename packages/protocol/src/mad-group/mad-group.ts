import { z } from 'zod';
import { rules } from './cel.ts';
import { MadGroupSpecSchema } from './spec.ts';
import { MadGroupStatusSchema } from './status.ts';

/** What Kubernetes calls the resource. */
export const MAD_GROUP = {
  group: 'mads.dev',
  version: 'v1alpha1',
  kind: 'MadGroup',
  plural: 'madgroups',
  singular: 'madgroup',
} as const;

const MAX_NAME_LENGTH = 40;

/** Of the fields that every object has, those that are read here. */
const MetadataSchema = z.looseObject({
  name: z.string(),
  namespace: z.string(),
  uid: z.string(),
  generation: z.int(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
  deletionTimestamp: z.string().optional(),
});

/** A MadGroup, as the API server hands it out. The CustomResourceDefinition is made from this. */
export const MadGroupSchema = z
  .object({
    apiVersion: z.literal(`${MAD_GROUP.group}/${MAD_GROUP.version}`),
    kind: z.literal(MAD_GROUP.kind),
    metadata: MetadataSchema,
    spec: MadGroupSpecSchema.prefault({}).describe(
      'What should be. With nothing here: all four MADs, offline.',
    ),
    status: MadGroupStatusSchema.optional().describe('What is.'),
  })
  .meta(
    rules({
      rule: `size(self.metadata.name) <= ${MAX_NAME_LENGTH}`,
      message: `metadata.name has more than ${MAX_NAME_LENGTH} characters, and names of other objects are made from it: shorten it`,
    }),
  )
  .describe('A group of MADs: LLM agents that talk over one observable bus.');
export type MadGroup = z.output<typeof MadGroupSchema>;
