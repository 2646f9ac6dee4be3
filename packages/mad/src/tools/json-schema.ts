import type { ToolDefinition } from '@mad-group/protocol';
import { z } from 'zod';

export type JsonSchema = Record<string, unknown> & { readonly type: 'object' };

/**
 * The JSON schema (draft 2020-12) of what a tool takes. Unknown fields are allowed, as on every
 * surface they are ignored.
 */
export const inputJsonSchema = (tool: ToolDefinition): JsonSchema => toJsonSchema(tool.input);

/** The JSON schema of a tool's reply where it does not say no. */
export const outputJsonSchema = (tool: ToolDefinition): JsonSchema => toJsonSchema(tool.output);

const converted = new WeakMap<z.ZodObject, JsonSchema>();

/** `io: 'input'` on both sides: what is sent is what the schema reads, and stays open to new fields. */
function toJsonSchema(schema: z.ZodObject): JsonSchema {
  const known = converted.get(schema);
  if (known) return known;
  const made = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  converted.set(schema, made);
  return made;
}
