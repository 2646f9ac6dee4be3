import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createToolCallAssembler, type ToolCallDelta } from './tool-call-assembler.ts';

const assemble = (deltas: ToolCallDelta[]) => {
  const assembler = createToolCallAssembler();
  for (const delta of deltas) assembler.add(delta);
  return assembler.calls();
};

test('calls come out whole, however their pieces are cut and mixed', () => {
  const call = fc.record({ name: fc.constantFrom('a', 'b'), arguments: fc.string() });
  fc.assert(
    fc.property(fc.array(call, { maxLength: 4 }), fc.integer({ min: 1, max: 5 }), (calls, size) => {
      const heads = calls.map(({ name }, index) => ({ index, id: `call_${index}`, function: { name } }));
      const pieces = calls.map((one, index) =>
        (one.arguments.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? []).map((text) => ({
          index,
          function: { arguments: text },
        })),
      );
      const longest = Math.max(0, ...pieces.map((some) => some.length));
      const mixed = Array.from({ length: longest }, (_, n) => pieces.flatMap((some) => some[n] ?? [])).flat();
      expect(assemble([...heads, ...mixed])).toEqual(
        calls.map((one, index) => ({ id: `call_${index}`, ...one })),
      );
    }),
  );
});

test('a new id under a known index is a new call', () => {
  const calls = assemble([
    { index: 0, id: 'x', function: { name: 'a', arguments: '{}' } },
    { index: 0, id: 'y', function: { name: 'b', arguments: '{}' } },
  ]);
  expect(calls.map((call) => call.name)).toEqual(['a', 'b']);
});

test('a name that is repeated stays one name, and a call without an id gets one', () => {
  const [call] = assemble([
    { index: 0, function: { name: 'a', arguments: '{' } },
    { index: 0, function: { name: 'a', arguments: '}' } },
  ]);
  expect(call).toMatchObject({ name: 'a', arguments: '{}', id: expect.stringMatching(/^call_/) });
});

test('pieces without a name are no call', () => {
  expect(assemble([{ index: 0, function: { arguments: '{}' } }])).toEqual([]);
});
