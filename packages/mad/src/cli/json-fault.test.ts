import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findJsonFault } from './json-fault.ts';

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    return false;
  }
};

test('what is JSON has no fault', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(0, 2), (text, indent) => {
      expect(findJsonFault(JSON.stringify(JSON.parse(text), null, indent))).toBeNull();
    }),
  );
});

test('a fault is found exactly where JSON.parse finds one', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '"a"',
    '1',
    '-',
    '.5',
    'e9',
    'true',
    'nul',
    ' ',
    '\\',
    '\\n',
    "'",
    '\n',
    '\u0001',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      const fault = findJsonFault(text);
      expect(fault === null).toBe(isJson(text));
      if (fault) expect(fault.offset).toBeLessThanOrEqual(text.length);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['{prompt: 1}', 1, 'a field name in double quotes is expected'],
  ["{'prompt': 1}", 1, 'a field name in double quotes is expected'],
  ['{"a": \'b\'}', 6, 'text stands in double quotes, not in single ones'],
  ['{"a": b}', 6, 'a value is expected'],
  ['{"a" 1}', 5, 'a colon is expected after the field name'],
  ['{"a": 1 "b": 2}', 8, 'a comma or } is expected'],
  ['{"a": 1,}', 8, 'a comma must not stand before }'],
  ['{"a": [1, 2', 11, 'it ends here, but a comma or ] is expected'],
  ['{"a": "b', 8, 'it ends here, but a string is not closed with "'],
  ['{"a": 1} x', 9, 'nothing more is expected'],
  ['{"a": "\\q"}', 7, 'this escape is not known in JSON; a plain backslash is written \\\\'],
  ['', 0, 'it ends here, but a value is expected'],
])('%s: the place and the reason', (text, offset, reason) => {
  expect(findJsonFault(text)).toEqual({ offset, reason });
});

test('nesting without end is a fault, not an overflow of the stack', () => {
  expect(findJsonFault('['.repeat(100_000))?.reason).toBe('it is nested too deeply');
});
