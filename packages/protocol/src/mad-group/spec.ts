import { z } from 'zod';
import { SCOPES } from '../caller.ts';
import { BusSchema } from './bus.ts';
import { listMap, rules } from './cel.ts';
import { matching, namedRef, secretRef } from './fields.ts';
import { LlmSchema } from './llm.ts';
import { MembersSchema } from './mads.ts';
import { TracingSchema } from './tracing.ts';

const CALLER_NAME = matching(
  /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
  63,
  'must be the name of a caller: lower-case letters, digits, - and ., such as ci-bot',
);

const CallerSchema = z
  .strictObject({
    name: CALLER_NAME.describe('Who calls.'),
    scopes: z
      .array(z.enum(SCOPES))
      .min(1)
      .max(SCOPES.length)
      .meta({ 'x-kubernetes-list-type': 'set' })
      .describe('What it may do.'),
    tokenSecretRef: secretRef('token')
      .exactOptional()
      .describe('Where its token is, in the place of one that is made once and kept.'),
  })
  .meta(
    rules({
      rule: "self.name != 'admin'",
      message: 'admin is always there, made by the operator: choose another name',
      fieldPath: '.name',
    }),
  );

const ImagesSchema = z
  .strictObject({
    registry: matching(
      /^[a-zA-Z0-9][a-zA-Z0-9.-]*(:[0-9]+)?(\/[a-z0-9._-]+)*$/,
      253,
      'must be HOST[:PORT][/PATH], without https:// and without a / at its end, such as registry.example/mads',
    )
      .exactOptional()
      .describe('Goes before every repository that names no registry of its own.'),
    tag: matching(
      /^[A-Za-z0-9_][A-Za-z0-9._-]*$/,
      128,
      'must be a tag: letters, digits, _, . and -, such as 0.1.0',
    )
      .exactOptional()
      .describe('Of the four MADs’ images; the operator’s version where absent.'),
    pullPolicy: z
      .enum(['Always', 'IfNotPresent', 'Never'])
      .exactOptional()
      .describe('`IfNotPresent` where absent.'),
    pullSecrets: z
      .array(namedRef('Secret in the namespace of the group.'))
      .max(20)
      .meta(listMap('name'))
      .exactOptional()
      .describe('Secrets that the registry is read with.'),
  })
  .describe('Where the images come from.');

/**
 * Strict: a field that this version does not know must not be taken for done. What is absent is absent
 * (`exactOptional`), since JSON has no undefined.
 */
export const MadGroupSpecSchema = z.strictObject({
  llm: LlmSchema.prefault({}),
  bus: BusSchema.prefault({}),
  mads: MembersSchema,
  callers: z
    .array(CallerSchema)
    .max(100)
    .meta(listMap('name'))
    .prefault([])
    .describe('Who may call, beside `admin`.'),
  images: ImagesSchema.prefault({}),
  tracing: TracingSchema.prefault({}),
  dataPolicy: z
    .enum(['Retain', 'Delete'])
    .default('Retain')
    .describe('What becomes of the claims when the MadGroup is deleted.'),
});
export type MadGroupSpec = z.output<typeof MadGroupSpecSchema>;
