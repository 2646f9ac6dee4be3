// What the API server takes of JSON Schema is called structural: each value has one type, and no word
// that would make its shape depend on its content.
//   https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema

export type JsonSchema = { readonly [keyword: string]: unknown };

/** Words that mean the same to both, and those that need a look, in the order they are written in. */
const WORDS = [
  'description',
  'type',
  'format',
  'anyOf',
  'enum',
  'default',
  'nullable',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'additionalProperties',
  'properties',
  'items',
  'required',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
];

/**
 * A structural schema from what `z.toJSONSchema(…, { target: 'openapi-3.0' })` made. Throws, with the
 * field's path, on a word that it cannot carry over: a rule that is lost would be worse.
 */
export function toStructural(schema: JsonSchema, path = 'MadGroup'): JsonSchema {
  const unknown = Object.keys(schema).filter((word) => !WORDS.includes(word));
  if (unknown.length > 0) throw new Error(`${path}: ${unknown} cannot stand in a structural schema`);
  const parts = WORDS.map((word) => (schema[word] === undefined ? {} : wordOf(word, schema, path)));
  return Object.assign({}, ...parts) as JsonSchema;
}

function wordOf(word: string, schema: JsonSchema, path: string): object {
  const value = schema[word];
  switch (word) {
    case 'properties': {
      const fields = Object.entries(value as Record<string, JsonSchema>);
      if (fields.length === 0) return {};
      const structural = fields.map(([name, field]) => [name, toStructural(field, `${path}.${name}`)]);
      return { properties: Object.fromEntries(structural) };
    }
    case 'items':
      return { items: toStructural(value as JsonSchema, `${path}[]`) };
    case 'additionalProperties':
      return additional(value as JsonSchema | boolean, path);
    case 'anyOf':
      return choice(value as readonly JsonSchema[], path);
    // The bounds of a double, which every integer of zod has.
    case 'minimum':
      return value === Number.MIN_SAFE_INTEGER ? {} : { minimum: value };
    case 'maximum':
      return value === Number.MAX_SAFE_INTEGER ? {} : { maximum: value };
    // Where there is a format, the API server checks that.
    case 'pattern':
      return schema.format === undefined ? { pattern: value } : {};
    default:
      return { [word]: value };
  }
}

/**
 * Unknown fields of a strict object: the word cannot stand beside `properties`. They are pruned, and a
 * strict client, as kubectl is, has them refused by name. Those of a loose object are kept.
 */
function additional(value: JsonSchema | boolean, path: string): object {
  if (value === false) return {};
  const isLoose = value === true || Object.keys(value).length === 0;
  if (isLoose) return { 'x-kubernetes-preserve-unknown-fields': true };
  return { additionalProperties: toStructural(value, `${path}{}`) };
}

/** The one choice of types there is: amounts of CPU and memory are numbers or text. */
function choice(options: readonly JsonSchema[], path: string): object {
  const types = options.map(({ type }) => type).toSorted();
  if (types.join() === 'integer,string') return { 'x-kubernetes-int-or-string': true };
  throw new Error(`${path}: a choice of ${types.join(' and ')} cannot stand in a structural schema`);
}
