import { Document, isMap, type Pair, type Scalar, type YAMLMap } from 'yaml';
import type { z } from 'zod';
import { fieldsOf } from './fields-of.ts';

/** values.yaml of a chart: every default, each below its meaning. */
export function valuesYaml(schema: z.ZodObject): string {
  const document = new Document(schema.parse({}));
  document.commentBefore = ' Made by `npm run docs` from scripts/charts/values; change it there.';
  if (isMap(document.contents)) comment(document.contents as YAMLMap, schema);
  return document.toString({ lineWidth: 0 });
}

function comment(map: YAMLMap, schema: z.ZodType): void {
  for (const [index, pair] of (map.items as Pair<Scalar, unknown>[]).entries()) {
    const field = fieldsOf(schema)[String(pair.key.value)];
    if (!field) continue;
    // Parts of the first level stand apart.
    if (index > 0 && map.items.length > 5) pair.key.spaceBefore = field.meaning !== '';
    if (field.meaning !== '') pair.key.commentBefore = ` ${field.meaning}`;
    if (isMap(pair.value)) comment(pair.value as YAMLMap, field.schema);
  }
}
