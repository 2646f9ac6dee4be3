import { z } from 'zod';

/** values.schema.json of a chart. Draft 7, as Helm has read it since its version 3. */
export function valuesSchema(schema: z.ZodObject): string {
  const document = z.toJSONSchema(schema, { io: 'output', target: 'draft-7' });
  // Helm puts an empty part there for the library chart, before it looks at the schema.
  document.properties = { ...document.properties, mad: { type: 'object', maxProperties: 1 } };
  return `${JSON.stringify(document, null, 2)}\n`;
}
