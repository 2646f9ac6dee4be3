import { madGroupJsonSchema } from '../crd/definition.ts';
import { code, table } from './markdown.ts';

/** A structural schema, as far as it is shown. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  /** `fieldPath` is the field below that a rule is about. */
  readonly 'x-kubernetes-validations'?: readonly { readonly message: string; readonly fieldPath?: string }[];
}

interface Row {
  readonly path: string;
  readonly schema: Schema;
  readonly isRequired: boolean;
}

/** The resource field by field, as the API server knows it. */
export function madGroupSection(): string {
  const { spec, status } = (madGroupJsonSchema() as Schema).properties as Record<'spec' | 'status', Schema>;
  const rules = rulesIn('spec', spec);
  const specRows = rowsOf('spec', spec).map(({ path, schema, isRequired }) => [
    code(path),
    typeOf(schema),
    isRequired ? 'required' : defaultOf(schema),
    schema.description ?? '',
    [...boundsOf(schema), ...(rules.get(path) ?? []), ...(rules.get(`${path}[]`) ?? [])].join('; '),
  ]);
  const statusRows = rowsOf('status', status).map(({ path, schema }) => [
    code(path),
    typeOf(schema),
    schema.description ?? '',
  ]);
  return [
    table(['field', 'type', 'default', 'meaning', 'rules'], specRows),
    'What the operator says of it:',
    table(['field', 'type', 'meaning'], statusRows),
  ].join('\n\n');
}

/** Every field below, each before its own. */
function rowsOf(path: string, schema: Schema): Row[] {
  const inner = schema.items === undefined ? { path, schema } : { path: `${path}[]`, schema: schema.items };
  return Object.entries(inner.schema.properties ?? {}).flatMap(([name, field]) => {
    const own = { path: `${inner.path}.${name}`, schema: field };
    const isRequired = inner.schema.required?.includes(name) === true;
    return [{ ...own, isRequired }, ...rowsOf(own.path, field)];
  });
}

/** What the API server says where a rule is broken, by the field that it says it of. */
function rulesIn(path: string, schema: Schema): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const visit = (at: string, { properties, items, ...rest }: Schema): void => {
    for (const { message, fieldPath = '' } of rest['x-kubernetes-validations'] ?? []) {
      const where = `${at}${fieldPath}`;
      found.set(where, [...(found.get(where) ?? []), message]);
    }
    if (items !== undefined) visit(`${at}[]`, items);
    for (const [name, field] of Object.entries(properties ?? {})) visit(`${at}.${name}`, field);
  };
  visit(path, schema);
  return found;
}

function typeOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema['x-kubernetes-int-or-string']) return 'number or text';
  if (schema.items) {
    const [key] = schema['x-kubernetes-list-map-keys'] ?? [];
    return `list of ${typeOf(schema.items)}${key === undefined ? '' : `, each ${key} once`}`;
  }
  if (schema['x-kubernetes-preserve-unknown-fields']) return 'object, as it is';
  return WORDS[schema.type ?? ''] ?? (schema.type as string);
}
const WORDS: Readonly<Record<string, string>> = { string: 'text', integer: 'whole number' };

/** Defaults of parts say no more than those of their fields. */
const defaultOf = ({ default: value }: Schema): string =>
  value === undefined || JSON.stringify(value) === '{}' ? '' : code(JSON.stringify(value));

function boundsOf({ minimum, maximum, minItems, maxItems, items }: Schema): string[] {
  const ofItems = items?.minimum === undefined ? [] : boundsOf(items).map((words) => `each ${words}`);
  return [
    ...range(minimum, maximum),
    ...range(minItems, maxItems).map((words) => `${words} items`),
    ...ofItems,
  ];
}

function range(least: number | undefined, most: number | undefined): string[] {
  if (most === undefined) return least === undefined ? [] : [`${least} or more`];
  return [least === undefined ? `at most ${most}` : `${least} to ${most}`];
}
