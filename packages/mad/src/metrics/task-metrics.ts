import type { TaskMetrics } from '@mad-group/tasks';
import type { MadMetrics } from '../metrics.ts';

/** What the task runner of one MAD tells, as metrics. */
export function taskMetrics(metrics: MadMetrics, madId: string): TaskMetrics {
  const mad = { mad: madId };
  return {
    submitted: () => metrics.count('mad_tasks_submitted_total', mad),
    refused: () => metrics.count('mad_tasks_refused_total', mad),
    finished: (status, durationMs) => {
      metrics.count('mad_tasks_finished_total', { ...mad, status });
      metrics.observe('mad_task_duration_seconds', { ...mad, status }, durationMs / 1000);
    },
    firstToken: (latencyMs) => metrics.observe('mad_task_first_token_seconds', mad, latencyMs / 1000),
    tokens: (count) => metrics.count('mad_task_tokens_total', mad, count),
    load: (queued, running) => {
      metrics.set('mad_tasks_queued', mad, queued);
      metrics.set('mad_tasks_running', mad, running);
    },
    outbox: (pending) => metrics.set('mad_task_outbox_pending', mad, pending),
  };
}
