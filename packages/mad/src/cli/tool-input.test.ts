import { describe, expect, test } from 'vitest';
import {
  arePairs,
  type InputSchema,
  parseJsonInput,
  parsePairs,
  parseStdin,
  parseWords,
  typeName,
} from './tool-input.ts';

const schema: InputSchema = {
  properties: {
    prompt: { type: 'string' },
    limit: { type: 'integer' },
    push: { type: 'boolean' },
    topics: { type: 'array', items: { type: 'string' } },
    payload: { type: 'object' },
  },
};

describe('JSON', () => {
  test('an object is the input, no words are an empty one', () => {
    expect(parseWords(['{"a": {"b": [1]}}'])).toEqual({ a: { b: [1] } });
    expect(parseWords([])).toEqual({});
  });

  test('a fault is shown with its line and a caret under its place', () => {
    expect(() => parseJsonInput('{\n  "prompt": hello\n}')).toThrow(
      [
        'This is not JSON. Line 2, column 13: a value is expected.',
        '    "prompt": hello',
        '              ^',
        'In a shell, single quotes',
      ].join('\n'),
    );
  });

  test('of a long line only the part around the fault is shown', () => {
    const error = catchError(() => parseJsonInput(`{"a": "${'x'.repeat(500)}" "b": "${'y'.repeat(500)}"}`));
    const [, line = '', caret = ''] = error.message.split('\n');
    expect(line.length).toBeLessThan(140);
    expect(line[caret.indexOf('^')]).toBe('"');
    expect(line.slice(caret.indexOf('^'))).toMatch(/^"b": "y+ …$/);
  });

  test('the usual causes are named', () => {
    expect(() => parseJsonInput('{prompt: hi}')).toThrow('The shell took the double quotes away');
    expect(() => parseJsonInput("{'prompt': 'hi'}")).toThrow('JSON takes double quotes inside');
    expect(() => parseWords(['{prompt:', 'hi}'])).toThrow('The input came in 2 pieces');
    expect(() => parseWords(['hello'])).toThrow('The input is a JSON object in braces, or pairs: mad-cli');
  });

  test('nothing at all is named as that, and no shell is blamed', () => {
    for (const text of ['', ' \n']) {
      expect(() => parseStdin(text)).toThrow(/^stdin was empty; - reads .*\n {2}echo '\{"field"/);
      expect(() => parseWords([text])).toThrow(/^The JSON is empty\.\n {2}mad-cli TOOL/);
    }
    expect(parseStdin('{"a": 1}')).toEqual({ a: 1 });
  });

  test.each([
    ['[1]', 'a list'],
    ['3', 'a number'],
    ['"x"', 'a string'],
    ['null', 'null'],
  ])('%s is no input', (text, what) => {
    expect(() => parseJsonInput(text)).toThrow(`this is ${what}.`);
  });
});

describe('field=value pairs', () => {
  test('pairs are told from JSON', () => {
    expect(arePairs(['prompt=a=b', 'limit=3'])).toBe(true);
    expect(arePairs(['{"a": "b=c"}'])).toBe(false);
    expect(arePairs(['prompt'])).toBe(false);
    expect(arePairs([])).toBe(false);
  });

  test('each value is read as the type of its field', () => {
    const words = [
      'prompt=12',
      'limit=12',
      'push=true',
      'topics=mad.#,mad.topic.*',
      'payload={"a":1}',
      'other=7',
      'more=x',
    ];
    expect(parsePairs(words, schema)).toEqual({
      prompt: '12',
      limit: 12,
      push: true,
      topics: ['mad.#', 'mad.topic.*'],
      payload: { a: 1 },
      other: 7,
      more: 'x',
    });
    expect(parsePairs(['topics=["a,b"]'], schema)).toEqual({ topics: ['a,b'] });
  });

  test('a field of an object’s own machinery is a field like any other', () => {
    const input = parsePairs(['__proto__=x', 'constructor=y'], schema);
    expect(Object.entries(input)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(Object.getPrototypeOf(input)).toBe(Object.prototype);
  });

  test.each([
    ['limit=many', "limit must be a number, not 'many'."],
    ['limit=', "limit must be a number, not ''."],
    ['push=yes', "push must be true or false, not 'yes'."],
    ['payload={a:1}', 'payload must be JSON (object).'],
    ['payload=hello', `payload must be a JSON object, as payload='{"text":"hello"}'.`],
    ['payload=5', `payload must be a JSON object, as payload='{"text":"5"}'.`],
  ])('%s is refused', (word, message) => {
    expect(() => parsePairs([word], schema)).toThrow(message);
  });

  test('a type among several is the one that is not null', () => {
    expect(typeName({ anyOf: [{ type: 'null' }, { type: 'integer' }] })).toBe('integer');
    expect(typeName({ type: ['null', 'string'] })).toBe('string');
    expect(typeName({})).toBe('any');
  });
});

function catchError(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not throw');
}
