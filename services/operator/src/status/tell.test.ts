import { expect, test, vi } from 'vitest';
import { groupOf } from '../group.test-support.ts';
import type { Found } from './status.ts';
import { tell } from './tell.ts';
import type { Workload } from './workloads.ts';

const redis: Workload = { name: 'redis', replicas: 1, readyReplicas: 1, isCurrent: true, trouble: null };
const down = { ...redis, readyReplicas: 0 };
const found = (over: Partial<Found> = {}): Found => ({
  refused: null,
  paused: false,
  failed: null,
  workloads: [redis],
  absent: [],
  verification: null,
  ...over,
});
const answered = (...problems: string[]): Partial<Found> => ({
  verification: { problems, versions: {}, isHeard: true },
});

/** Tells one after the other, and gives the Events of the last as `Type Reason`. */
async function eventsOf(...finds: Partial<Found>[]): Promise<string[]> {
  let group = groupOf();
  const event = vi.fn(async (_group: unknown, _event: { type: string; reason: string }) => undefined);
  for (const each of finds) {
    event.mockClear();
    const cluster = {
      event,
      writeStatus: vi.fn(async (_group: unknown, status: object) => {
        group = groupOf({}, {}, status);
        return group as never;
      }),
    };
    await tell(group, found(each), {
      cluster,
      cache: { put: vi.fn() },
      metrics: { status: vi.fn() },
      nowMs: () => 0,
    });
  }
  return event.mock.calls.map(([, { type, reason }]) => `${type} ${reason}`);
}

test.each<[string, Partial<Found>[], string[]]>([
  ['a new group goes the way of all', [{ workloads: [down] }], []],
  [
    'a new group cannot be carried out',
    [{ refused: { reason: 'SecretMissing', message: 'x' }, workloads: [] }],
    ['Warning AcceptedFalse'],
  ],
  [
    'its MADs are being asked',
    [{ workloads: [down] }, {}],
    ['Normal ProgressingFalse', 'Normal AvailableTrue'],
  ],
  ['they answer', [{}, answered()], ['Normal VerifiedTrue']],
  ['they do not', [{}, answered('no answer')], ['Warning VerifiedFalse']],
  [
    'a pod ends',
    [answered(), { workloads: [{ ...down, trouble: 'out of memory' }] }],
    ['Normal ProgressingTrue', 'Warning AvailableFalse', 'Warning DegradedTrue'],
  ],
  ['nothing has turned', [answered(), answered()], []],
])('what is told in Events where %s', async (_what, finds, events) => {
  expect(await eventsOf(...finds)).toEqual(events);
});
