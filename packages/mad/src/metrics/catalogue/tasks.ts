import type { MetricSpec } from './spec.ts';

/** What the MADs tell that have tasks. */
export const TASKS = {
  mad_tasks_submitted_total: { type: 'counter', help: 'Tasks accepted.', labels: ['mad'] },
  mad_tasks_refused_total: { type: 'counter', help: 'Tasks refused by a full queue.', labels: ['mad'] },
  mad_tasks_finished_total: {
    type: 'counter',
    help: 'Tasks ended, by their terminal status.',
    labels: ['mad', 'status'],
  },
  mad_tasks_stored: { type: 'gauge', help: 'Tasks in the database, by status.', labels: ['mad', 'status'] },
  mad_tasks_queued: { type: 'gauge', help: 'Tasks that wait: the depth of the queue.', labels: ['mad'] },
  mad_tasks_running: { type: 'gauge', help: 'Tasks that run.', labels: ['mad'] },
  mad_task_oldest_queued_seconds: {
    type: 'gauge',
    help: 'Age of the oldest task that waits, since it was accepted; 0 where none waits.',
    labels: ['mad'],
  },
  mad_task_silence_seconds: {
    type: 'gauge',
    help: 'Longest time that a task which runs has shown nothing: no token, no tool call, no plan; 0 where none runs.',
    labels: ['mad'],
  },
  mad_task_attempts_total: {
    type: 'counter',
    help: 'Attempts begun: first, or repeated after a crash or a drain.',
    labels: ['mad', 'kind'],
  },
  mad_task_duration_seconds: {
    type: 'histogram',
    help: 'From the acceptance of a task to its end, its wait included.',
    labels: ['mad', 'status'],
    // Rules answer in milliseconds, a chain of tool calls takes minutes; the default deadline is an hour.
    buckets: [0.05, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600],
  },
  mad_task_first_token_seconds: {
    type: 'histogram',
    help: 'From the acceptance of a task to its first token.',
    labels: ['mad'],
    // People notice the steps below 3 s; past 120 s a provider that is away is no longer waited for.
    buckets: [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30, 60, 120],
  },
  mad_task_tokens_total: {
    type: 'counter',
    help: 'Pieces of text streamed by tasks. What the model charges for is mad_model_tokens_total.',
    labels: ['mad'],
  },
  mad_task_outbox_pending: {
    type: 'gauge',
    help: 'Tasks with events that are stored and not yet published.',
    labels: ['mad'],
  },
  mad_planner_calls_total: {
    type: 'counter',
    help: 'Plans asked of Sequential Thinking, by outcome: ok, or the code of the error.',
    labels: ['mad', 'outcome'],
  },
  mad_planner_connected: {
    type: 'gauge',
    help: '1 when Sequential Thinking is connected, else 0.',
    labels: ['mad'],
  },
} as const satisfies Record<string, MetricSpec>;
