import fc from 'fast-check';
import { expect, test } from 'vitest';
import { faultsOf, type HistoryEvent, type Outcome } from './task-history.ts';

type History = readonly [events: readonly HistoryEvent[], outcome: Outcome];

interface Attempt {
  readonly thoughts: number;
  readonly tokens: readonly string[];
}

/** A history as it should be: attempts that are broken off, and one that ends so. */
function lawful(broken: readonly Attempt[], last: Attempt, end: string): History {
  const events: HistoryEvent[] = [];
  let attempt = 1;
  const add = (type: string, token = '', status?: string): void => {
    const seq = events.length + 1;
    events.push({ seq, type, attempt, token, ...(status === undefined ? {} : { status }) });
  };
  const run = ({ thoughts, tokens }: Attempt): void => {
    add('state', '', 'RUNNING');
    for (let n = 0; n < thoughts; n += 1) add('tool_call');
    if (tokens.length > 0) add('state', '', 'STREAMING');
    for (const token of tokens) add('token', token);
  };
  add('state', '', 'PENDING');
  for (const one of broken) {
    run(one);
    attempt += 1;
    add('attempt');
    add('state', '', 'PENDING');
  }
  run(last);
  if (end === 'COMPLETED' && last.tokens.length > 0) add('state', '', 'RUNNING');
  add('state', '', end);
  const response = end === 'COMPLETED' ? last.tokens.join('') : null;
  return [events, { status: end, attempt, response }];
}

const anyAttempt = fc.record({
  thoughts: fc.nat(2),
  tokens: fc.array(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 4 }),
});
const anyHistory = fc
  .tuple(
    fc.array(anyAttempt, { maxLength: 3 }),
    anyAttempt,
    fc.constantFrom('COMPLETED', 'FAILED', 'CANCELLED'),
  )
  .map((parts) => lawful(...parts));

const renumbered = (events: readonly HistoryEvent[]): HistoryEvent[] =>
  events.map((event, index) => ({ ...event, seq: index + 1 }));

test('a lawful history has no fault', () => {
  fc.assert(
    fc.property(anyHistory, (history) => {
      expect(faultsOf(...history)).toEqual([]);
    }),
  );
});

test('an event that is missing, twice, or not in its place is found by the numbers', () => {
  fc.assert(
    fc.property(anyHistory, fc.nat(), ([events, outcome], at) => {
      const place = at % events.length;
      const event = events[place] as HistoryEvent;
      expect(faultsOf(events.toSpliced(place, 1), outcome)).not.toEqual([]);
      expect(faultsOf(events.toSpliced(place, 0, event), outcome)).not.toEqual([]);
      const other = (place + 1) % events.length;
      const swapped = events.with(place, events[other] as HistoryEvent).with(other, event);
      expect(faultsOf(swapped, outcome)).not.toEqual([]);
    }),
  );
});

test('a change of state that is missing is found where the numbers were made to fit', () => {
  fc.assert(
    fc.property(anyHistory, fc.nat(), ([events, outcome], at) => {
      const states = [...events.keys()].filter((index) => events[index]?.type !== 'token');
      const place = states[at % states.length] as number;
      // Thoughts leave no trace but their number; and a task may fail or be cancelled before it ever ran.
      fc.pre(events[place]?.type !== 'tool_call');
      fc.pre(!/^RUNNING (FAILED|CANCELLED)$/.test(`${events[place]?.status} ${events[place + 1]?.status}`));
      const left = renumbered(events.toSpliced(place, 1));
      expect(faultsOf(left, outcome)).not.toEqual([]);
    }),
  );
});

test('whatever comes behind the end is found, and a second end too', () => {
  fc.assert(
    fc.property(
      anyHistory,
      fc.constantFrom('token', 'tool_call', 'attempt', 'state'),
      ([events, outcome], type) => {
        const { attempt } = outcome;
        const last = {
          seq: events.length + 1,
          type,
          attempt,
          token: type === 'token' ? 'x' : '',
          status: 'FAILED',
        };
        expect(faultsOf([...events, last], outcome)).not.toEqual([]);
      },
    ),
  );
});

test('a lost token, one that came twice, and one of another attempt are found in the answer', () => {
  fc.assert(
    fc.property(fc.array(anyAttempt, { maxLength: 2 }), anyAttempt, fc.nat(), (broken, last, at) => {
      fc.pre(last.tokens.length > 0);
      const [events, outcome] = lawful(broken, last, 'COMPLETED');
      const tokens = [...events.keys()].filter(
        (index) => events[index]?.type === 'token' && events[index]?.attempt === outcome.attempt,
      );
      const place = tokens[at % tokens.length] as number;
      const token = events[place] as HistoryEvent;
      expect(faultsOf(renumbered(events.toSpliced(place, 1)), outcome)).not.toEqual([]);
      expect(faultsOf(renumbered(events.toSpliced(place, 0, token)), outcome)).not.toEqual([]);
      expect(faultsOf(events.with(place, { ...token, attempt: token.attempt + 1 }), outcome)).not.toEqual([]);
    }),
  );
});

test('a task that says something else than its history is found', () => {
  fc.assert(
    fc.property(anyHistory, ([events, outcome]) => {
      const other = outcome.status === 'FAILED' ? 'CANCELLED' : 'FAILED';
      expect(faultsOf(events, { ...outcome, status: other })).not.toEqual([]);
      expect(faultsOf(events, { ...outcome, attempt: outcome.attempt + 1 })).not.toEqual([]);
      expect(faultsOf(events, { ...outcome, response: `${outcome.response ?? ''}x` })).not.toEqual([]);
    }),
  );
});
