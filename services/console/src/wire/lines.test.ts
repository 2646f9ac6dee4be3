import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLines } from './lines.ts';

function streamOf(
  chunks: readonly Uint8Array[],
  onCancel: () => void = () => undefined,
): ReadableStream<Uint8Array> {
  const left = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const chunk = left.shift();
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
    cancel: onCancel,
  });
}

test('lines come whole and in order, however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ text: fc.string({ unit: 'grapheme' }) }), { maxLength: 20 }),
      fc.array(fc.nat({ max: 30 }), { maxLength: 30 }),
      async (values, cuts) => {
        const bytes = new TextEncoder().encode(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
        const chunks: Uint8Array[] = [];
        let from = 0;
        for (const cut of cuts) {
          chunks.push(bytes.slice(from, from + cut));
          from += cut;
        }
        chunks.push(bytes.slice(from));
        const read = [];
        for await (const lines of readLines(streamOf(chunks))) read.push(...lines);
        expect(read).toEqual(values);
      },
    ),
  );
});

test('a line that was cut off is no line', async () => {
  const read = [];
  for await (const lines of readLines(streamOf([new TextEncoder().encode('{"a":1}\n{"b":')])))
    read.push(...lines);
  expect(read).toEqual([{ a: 1 }]);
});

test('who stops reading closes the connection', async () => {
  let cancelled = false;
  const chunk = new TextEncoder().encode('{}\n');
  for await (const _ of readLines(
    streamOf([chunk, chunk], () => {
      cancelled = true;
    }),
  )) {
    break;
  }
  await expect.poll(() => cancelled).toBe(true);
});
