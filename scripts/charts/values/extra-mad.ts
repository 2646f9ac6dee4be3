// A MAD of the user's own.
import { z } from 'zod';
import { image, llm, persistence, replicas } from './fields.ts';
import { madValues, TASK_KEYS, THINKING_KEYS } from './mad-values.ts';

/** Also the name of its Service; a StatefulSet adds eleven characters to it in a label, which has 63 at most. */
const NAME = /^[a-z]([-a-z0-9]{0,50}[a-z0-9])?$/;

const shared = madValues({
  id: 'extra-mad',
  keys: [...THINKING_KEYS, ...TASK_KEYS],
  cpu: '50m',
  memory: '128Mi',
  memoryLimit: '512Mi',
  isExtra: true,
});

/** Values of the chart `extra-mad`. */
export const extraMad = z.strictObject({
  name: z
    .union([z.literal(''), z.string().regex(NAME)])
    .default('')
    .describe('Its id on the bus, and the name of its Service and workload.'),
  replicas: replicas(1),
  ...shared,
  thinks: z
    .boolean()
    .default(false)
    .describe('Whether it gets the key and the address of the group’s model, and may reach it.'),
  llm,
  persistence: persistence('').describe('A claim for `/data`, for each replica.'),
  sequentialThinkingUrl: z
    .string()
    .regex(/^(wss?:\/\/.+)?$/)
    .default('')
    .describe('Where its plans are made, such as `ws://sequential-thinking:8003`; nowhere where empty.'),
});

const { shape: imageShape } = image('', '', '').unwrap();
/** The same without defaults, since Helm puts none into a list, and with what must be said. */
const { $schema: _, ...entry } = z.toJSONSchema(
  extraMad.omit({ global: true }).extend({
    name: z.string().regex(NAME),
    image: z.strictObject({ ...imageShape, repository: z.string().min(1) }),
  }),
  { io: 'input', target: 'draft-7' },
);

/** The list in the values of the group. `helm upgrade --reuse-values` may bring values of before there was one. */
export const EXTRA_MADS = z.array(z.any().meta(entry)).default([]).optional();
