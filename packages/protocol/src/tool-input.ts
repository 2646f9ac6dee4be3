import { z } from 'zod';
import { MadError } from './errors.ts';
import type { ToolDefinition } from './tool.ts';

/** What parsing needs of a tool: its schema and the words for what is missing. */
type ToolInputRules = Pick<ToolDefinition, 'input' | 'missing'>;

/**
 * Parses what a caller sent. The words of a refusal are those of the first implementation: a
 * required field that is missing, null or empty gives the tool's `missing` text, a wrong type
 * gives `'{field}' {the schema's own words}.`
 *
 * @throws MadError `invalid_input`
 */
export function parseToolInput(tool: ToolInputRules, raw: unknown): Record<string, unknown> {
  if (raw !== undefined && raw !== null && !isPlainObject(raw)) {
    throw new MadError('invalid_input', "'tool_input' must be an object.");
  }
  // A null is an absent field: the first implementation read both alike.
  const present = Object.fromEntries(
    Object.entries(raw ?? {}).filter(([, value]) => value !== null && value !== undefined),
  );
  const parsed = tool.input.safeParse(present);
  if (parsed.success) return parsed.data as Record<string, unknown>;
  throw new MadError('invalid_input', explain(tool, present, parsed.error));
}

function explain(tool: ToolInputRules, present: Record<string, unknown>, error: z.ZodError): string {
  const isMissing = (issue: z.core.$ZodIssue): boolean => {
    if (issue.path.length !== 1) return false;
    const field = String(issue.path[0]);
    if (!isRequired(tool, field)) return false;
    const value = present[field];
    // Words that state a field's type, as `'topics' (list)` does, answer a wrong type too.
    return value === undefined || value === '' || (tool.missing?.includes(`'${field}' (`) ?? false);
  };
  // Who sent a 5 for a prompt is not helped by words that say it was not there.
  const wrong = error.issues.find((issue) => issue.path.length > 0 && !isMissing(issue));
  const missing = error.issues.find(isMissing);
  if (missing && !wrong) return tool.missing ?? `'${String(missing.path[0])}' is required.`;
  const issue = wrong ?? (error.issues[0] as z.core.$ZodIssue);
  const words = issue.message.replace(/\.$/, '');
  return issue.path.length === 0 ? `${words}.` : `'${String(issue.path[0])}' ${words}.`;
}

const isRequired = ({ input }: ToolInputRules, field: string): boolean => {
  const schema = input.shape[field];
  return schema !== undefined && !z.safeParse(schema, undefined).success;
};

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A string of 1 to `max` characters. */
export const text = (max = 1_000_000) =>
  z
    .string({ error: 'must be a string' })
    .min(1, 'must not be empty')
    .max(max, `must be at most ${max} characters`);

/** The same where it may be absent. An empty one is absent: clients send it for what they do not set. */
export const optionalText = (max?: number) =>
  z.preprocess((value) => (value === '' ? undefined : value), text(max).optional());

/** A whole number from `min` to `max`; digits in a string count, as they did at first. */
export const integer = (min: number, max: number) =>
  z.preprocess(
    (value) => (typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : value),
    z
      .number({ error: 'must be an integer' })
      .int('must be an integer')
      .min(min, `must be between ${min} and ${max}`)
      .max(max, `must be between ${min} and ${max}`),
  );

/** A moment in ISO 8601, with `Z` or an offset. */
export const time = () => {
  const error = 'must be a time with its zone, as 2026-01-31T09:05:03Z';
  return z.iso.datetime({ offset: true, error });
};

export const flag = () => z.boolean({ error: 'must be true or false' });

/** A JSON object; an empty one counts. */
export const jsonObject = () => z.record(z.string(), z.unknown(), { error: 'must be an object' });

export const textList = () =>
  z.array(z.string({ error: 'must be a list of strings' }).min(1, 'must be a list of strings'), {
    error: 'must be a list of strings',
  });

/** Goes unchanged through every hop and log line. */
export const CorrelationId = optionalText(128).describe('1 to 128 characters; made where absent');
