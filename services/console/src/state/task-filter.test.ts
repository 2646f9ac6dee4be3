import { TASK_STATUSES } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import { matchesTask, TASK_STATES, taskFilterFrom, taskQuery } from './task-filter.ts';
import { TASK_MADS } from './tasks.ts';

test('a filter of tasks survives the address; what it does not know restricts nothing', () => {
  for (const state of [...TASK_STATES, null])
    for (const mad of [...TASK_MADS, null])
      expect(taskFilterFrom(new URLSearchParams(taskQuery({ state, mad })))).toEqual({ state, mad });
  expect(taskFilterFrom(new URLSearchParams('state=odd&mad=grace'))).toEqual({ state: null, mad: null });
});

test('each status of a task is one state', () => {
  const states = TASK_STATUSES.map((status) =>
    TASK_STATES.filter((state) => matchesTask({ state, mad: null }, { status, mad: 'fiedler' })),
  );
  expect(Object.fromEntries(TASK_STATUSES.map((status, index) => [status, states[index]]))).toEqual({
    PENDING: ['open'],
    RUNNING: ['open'],
    STREAMING: ['open'],
    COMPLETED: ['completed'],
    FAILED: ['failed'],
    CANCELLED: ['cancelled'],
  });
  expect(matchesTask({ state: null, mad: 'rogers' }, { status: 'FAILED', mad: 'fiedler' })).toBe(false);
});
