/**
 * A rule that the API server checks, in CEL. It stands in the metadata of the schema it belongs to,
 * and `scripts/crd.ts` carries it into the CustomResourceDefinition; zod itself does not evaluate it.
 */
export interface CelRule {
  readonly rule: string;
  /** What is wrong and what to write instead; the API server puts the field's path before it. */
  readonly message: string;
  /** The message with what was found in it; where this fails, `message` is shown. */
  readonly messageExpression?: string;
  /** Field below that the error is shown at. */
  readonly fieldPath?: string;
}

export const rules = (...list: readonly CelRule[]) => ({ 'x-kubernetes-validations': list });

/** A list whose items are known by one field: two may not have the same, and each has owners of its own. */
export const listMap = (key: string) => ({
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': [key],
});

/** A CEL list of texts. */
export const celList = (values: readonly string[]): string =>
  `[${values.map((value) => `'${value}'`).join(', ')}]`;

/** That a text matches: CEL’s patterns are RE2, where a / needs no escape. */
export const matches = (text: string, pattern: RegExp): string =>
  `${text}.matches(r'${pattern.source.replaceAll('\\/', '/')}')`;
