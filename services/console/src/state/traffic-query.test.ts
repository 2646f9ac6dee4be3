import { expect, test } from 'vitest';
import { WINDOWS } from './history.ts';
import { trafficFrom, trafficQuery } from './traffic-query.ts';

test('window, grouping and table survive the address; what it does not know is the default', () => {
  for (const hours of WINDOWS)
    for (const by of ['sender_id', 'topic_pattern'] as const)
      for (const asTable of [false, true]) {
        const choice = { hours, by, asTable };
        expect(trafficFrom(new URLSearchParams(trafficQuery(choice)))).toEqual(choice);
      }
  const byDefault = { hours: 24, by: 'sender_id', asTable: false };
  expect(trafficFrom(new URLSearchParams('hours=5&by=moon&as=poem'))).toEqual(byDefault);
  expect(trafficQuery(trafficFrom(new URLSearchParams()))).toEqual({});
});
