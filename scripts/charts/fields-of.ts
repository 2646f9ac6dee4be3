import { z } from 'zod';

export interface Field {
  readonly schema: z.ZodType;
  /** Empty where its name says it all. */
  readonly meaning: string;
}

/** The fields of an object's schema, whatever defaults are wrapped around it; none for anything else. */
export function fieldsOf(schema: z.ZodType): Readonly<Record<string, Field>> {
  const inner = unwrap(schema);
  if (!(inner instanceof z.ZodObject)) return {};
  return Object.fromEntries(
    Object.entries(inner.shape as Record<string, z.ZodType>).map(([name, field]) => [
      name,
      { schema: field, meaning: meaningOf(field) },
    ]),
  );
}

function unwrap(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional
    ? unwrap(schema.unwrap() as z.ZodType)
    : schema;
}

/** The description, wherever it was said: on the default or on what the default is of. */
function meaningOf(schema: z.ZodType): string {
  if (schema.description !== undefined) return schema.description;
  const inner = schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault ? schema.unwrap() : null;
  return inner === null ? '' : meaningOf(inner as z.ZodType);
}
