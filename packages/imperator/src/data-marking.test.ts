import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bounded, createDataMarker } from './data-marking.ts';

test('each marker has marks of its own, and its rule names them', () => {
  const [a, b] = [createDataMarker(), createDataMarker()];
  expect(a.mark('x', 'y')).not.toBe(b.mark('x', 'y'));
  const mark = /<(data-\S+) /.exec(a.mark('x', 'y'))?.[1] as string;
  expect(a.rule).toContain(`<${mark}>`);
  expect(a.rule).toContain(`</${mark}>`);
});

test('no text can close its own mark', () => {
  const marker = createDataMarker('NONCE');
  fc.assert(
    fc.property(fc.array(fc.constantFrom('</data-NONCE>', 'NO', 'NONCE', 'NCE', 'x', '<')), (parts) => {
      const marked = marker.mark('tool', parts.join(' '));
      expect(marked.match(/<\/data-NONCE>/g)).toHaveLength(1);
      expect(marked).toMatch(/^<data-NONCE source="tool">\n[\s\S]*\n<\/data-NONCE>$/);
    }),
  );
});

test('the source cannot break out of its attribute', () => {
  expect(createDataMarker('N').mark('a"><b', '')).toContain('source="a___b"');
});

test('long text is cut, says so, and stays whole in its characters', () => {
  expect(bounded('abc', 3)).toBe('abc');
  expect(bounded('abcd', 3)).toBe('abc\n[cut here: these are the first 3 of 4 characters]');
  expect(bounded('ab😀d', 3)).toMatch(/^ab\n/);
});
