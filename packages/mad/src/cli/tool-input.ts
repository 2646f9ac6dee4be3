import { UsageError } from './io.ts';
import { findJsonFault } from './json-fault.ts';

/** The part of a JSON schema that is looked at here. */
export interface FieldSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly items?: FieldSchema;
  readonly anyOf?: readonly FieldSchema[];
}
export interface InputSchema {
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
}

type ToolInput = Record<string, unknown>;
const PAIR = /^([A-Za-z_][\w-]*)=(.*)$/s;
const CALLED = `mad-cli TOOL '{"field": "value"}'   or   mad-cli TOOL field=value …`;
const PIPED = `echo '{"field": "value"}' | mad-cli TOOL -`;

/** Whether the words are `field=value` pairs, which need the tool's schema to be read. */
export const arePairs = (words: readonly string[]): boolean =>
  words.length > 0 && words.every((word) => PAIR.test(word)) && !words[0]?.trimStart().startsWith('{');

/** The JSON of stdin, which `-` asks for. */
export function parseStdin(text: string): ToolInput {
  if (text.trim() !== '') return parseJsonInput(text);
  throw new UsageError(`stdin was empty; - reads the tool's input from it, as in\n  ${PIPED}`);
}

/**
 * A tool's input from JSON.
 *
 * @throws UsageError that shows where the JSON is bad
 */
export function parseJsonInput(text: string): ToolInput {
  if (text.trim() === '') throw new UsageError(`The JSON is empty.\n  ${CALLED}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(explainBadJson(text, error));
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as ToolInput;
  const what = Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;
  throw new UsageError(`The input must be a JSON object in braces; this is ${what}.\n  ${CALLED}`);
}

/**
 * A tool's input from the words of a command line.
 *
 * @throws UsageError where the shell took the JSON apart
 */
export function parseWords(words: readonly string[]): ToolInput {
  if (words.length === 0) return {};
  if (words.length === 1) return parseJsonInput(words[0] as string);
  throw new UsageError(
    `The input came in ${words.length} pieces, so the shell took it apart: put the JSON in single quotes.\n  ${CALLED}`,
  );
}

/**
 * A tool's input from `field=value` pairs, each read as the type that the schema gives the field.
 *
 * @throws UsageError where a value is not of its type
 */
export function parsePairs(words: readonly string[], schema: InputSchema): ToolInput {
  const input: ToolInput = {};
  for (const word of words) {
    const [, key, value] = PAIR.exec(word) as unknown as [string, string, string];
    const field = Object.hasOwn(schema.properties ?? {}, key) ? schema.properties?.[key] : undefined;
    Object.defineProperty(input, key, {
      value: readValue(key, value, typeName(field)),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return input;
}

/** A field's type in a word: `string`, `integer`, `array` … `any` where the schema leaves it open. */
export function typeName(field: FieldSchema | undefined): string {
  const type = field?.type ?? field?.anyOf?.find((option) => option.type !== 'null')?.type;
  return (Array.isArray(type) ? type.find((name) => name !== 'null') : (type as string | undefined)) ?? 'any';
}

function readValue(key: string, value: string, type: string): unknown {
  if (type === 'string') return value;
  if (type === 'boolean') {
    if (value === 'true' || value === 'false') return value === 'true';
    throw new UsageError(`${key} must be true or false, not '${value}'.`);
  }
  if (type === 'integer' || type === 'number') {
    const number = Number(value);
    if (value.trim() !== '' && Number.isFinite(number)) return number;
    throw new UsageError(`${key} must be a number, not '${value}'.`);
  }
  if (type === 'object' && !value.trimStart().startsWith('{')) {
    const example = JSON.stringify({ text: value });
    throw new UsageError(`${key} must be a JSON object, as ${key}='${example.replaceAll("'", "'\\''")}'.`);
  }
  if (type === 'array' && !value.startsWith('[')) return value === '' ? [] : value.split(',');
  try {
    return JSON.parse(value);
  } catch (error) {
    if (type === 'any') return value;
    throw new UsageError(`${key} must be JSON (${type}).\n${explainBadJson(value, error)}`);
  }
}

/** Characters of the bad line that are shown before and behind the fault. */
const SHOWN = 60;

function explainBadJson(text: string, error: unknown): string {
  const fault = findJsonFault(text);
  if (!fault) return `This is not JSON: ${(error as Error).message}`;
  const before = text.slice(0, fault.offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  const lineEnd = text.indexOf('\n', fault.offset);
  const column = fault.offset - lineStart;
  const line = text.slice(lineStart, lineEnd === -1 ? undefined : lineEnd);
  const from = Math.max(0, column - SHOWN);
  const shown = line.slice(from, column + SHOWN);
  const lead = from > 0 ? '… ' : '';
  const lineNumber = before.split('\n').length;
  return [
    `This is not JSON. Line ${lineNumber}, column ${column + 1}: ${fault.reason}.`,
    `  ${lead}${shown.replaceAll('\t', ' ')}${column + SHOWN < line.length ? ' …' : ''}`,
    `  ${' '.repeat(lead.length + column - from)}^`,
    usualCause(text),
  ].join('\n');
}

function usualCause(text: string): string {
  if (!/^\s*[{[]/.test(text)) return `The input is a JSON object in braces, or pairs: ${CALLED}`;
  if (text.includes("'") && !text.includes('"')) {
    return `JSON takes double quotes inside, the shell single ones around: ${CALLED}`;
  }
  if (!text.includes('"')) {
    return `The shell took the double quotes away: put single quotes around the JSON. ${CALLED}`;
  }
  return `In a shell, single quotes around the JSON keep it whole: ${CALLED}`;
}
