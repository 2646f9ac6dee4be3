import { expect, test } from 'vitest';
import { createPlaces } from './places.ts';

test('a caller has so many places, and the others have theirs', () => {
  const places = createPlaces(2);
  const first = places.take('alice');
  expect(places.take('alice')).not.toBeNull();
  expect(places.take('alice')).toBeNull();
  expect(places.take('bob')).not.toBeNull();
  first?.();
  expect(places.take('alice')).not.toBeNull();
});

test('idle is when the last place is given back', async () => {
  const places = createPlaces(2);
  const backs = [places.take('alice'), places.take('bob')];
  let idle = false;
  const waiting = places.idle().then(() => {
    idle = true;
  });
  backs[0]?.();
  await Promise.resolve();
  expect(idle).toBe(false);
  backs[1]?.();
  await waiting;
  await places.idle();
});
