import type { z } from 'zod';
import { fieldsOf } from './fields-of.ts';

export interface ChartFacts {
  readonly name: string;
  readonly description: string;
}

/** README of a chart: what it is, and a row for each value. */
export function chartReadme(chart: ChartFacts, schema: z.ZodObject): string {
  const rows = rowsOf(schema, schema.parse({}), '').map(
    ([key, fallback, meaning]) => `| \`${key}\` | \`${fallback}\` | ${meaning} |`,
  );
  return `<!-- Made by \`npm run docs\` from scripts/charts/values; change it there. -->
# ${chart.name}

${chart.description}. ${HOW[chart.name] ?? IN_A_GROUP}

| value | default | meaning |
| --- | --- | --- |
${rows.join('\n')}
`;
}

const IN_A_GROUP =
  'It is a member of [mad-group](../../README.md), which renders it with the group’s secrets; alone it needs `redis.url` and `redis.passwordSecret` of a group that is there.';
const HOW: Readonly<Record<string, string>> = {
  'mad-group':
    '`helm install mads charts/mad-group` is a working group; a namespace holds one. What to do with it: [docs/kubernetes.md](../../docs/kubernetes.md).',
  'mad-operator':
    '`helm install mad-operator charts/mad-operator`, then `kubectl apply -f k8s/madgroup.yaml`: see [docs/operator.md](../../docs/operator.md).',
  'extra-mad':
    'In a group it is rendered once for each of `extraMads` of [mad-group](../../README.md), with the group’s secrets; beside a group that is there it is a release of its own: `helm install librarian charts/extra-mad` with `name`, `image.repository`, `redis.url` and `redis.passwordSecret`. What the image must do: [docs/your-own-mad.md](../../../../docs/your-own-mad.md).',
  redis: 'It is the bus of [mad-group](../../README.md).',
};

type Row = readonly [key: string, fallback: string, meaning: string];

/** A part whose fields have meanings of their own is a row a field; anything else is one row. */
function rowsOf(schema: z.ZodType, defaults: unknown, prefix: string): Row[] {
  return Object.entries(fieldsOf(schema)).flatMap(([name, field]): Row[] => {
    const key = `${prefix}${name}`;
    const value = (defaults as Record<string, unknown>)[name];
    const inner = rowsOf(field.schema, value ?? {}, `${key}.`);
    const own: Row = [key, shown(value), cell(field.meaning)];
    if (inner.length === 0) return [own];
    return field.meaning === '' ? inner : [own, ...inner];
  });
}

const shown = (value: unknown): string =>
  value === undefined ? '' : isFilledObject(value) ? '{…}' : JSON.stringify(value);
const isFilledObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
const cell = (text: string): string => text.replaceAll('|', '\\|');
