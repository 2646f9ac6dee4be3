import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hrefTo, parseRoute } from './route.ts';

test('a route survives its address, whatever is in it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ minLength: 1, unit: 'grapheme' })),
      fc.dictionary(fc.string({ minLength: 1 }), fc.string()),
      (path, query) => {
        const route = parseRoute(hrefTo('trace', path, query));
        expect(route.view).toBe('trace');
        expect(route.path).toEqual(path);
        expect(Object.fromEntries(route.query)).toEqual(query);
      },
    ),
  );
});

test.each(['', '#', '#/', '#/nothing', '#/%E0%A4%A'])('%j is the group', (hash) => {
  expect(parseRoute(hash).view).toBe('group');
});
