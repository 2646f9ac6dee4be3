import type { TaskMetrics, TaskWatch } from '@mad-group/tasks';
import type { MadMetrics } from '../metrics.ts';

const ENDS = ['COMPLETED', 'FAILED', 'CANCELLED'] as const;

/** What the task runner of one MAD tells, as metrics. */
export function taskMetrics(metrics: MadMetrics, madId: string): TaskMetrics {
  const mad = { mad: madId };
  // There before the first: what begins with 1 has no increase.
  metrics.count('mad_tasks_submitted_total', mad, 0);
  metrics.count('mad_tasks_refused_total', mad, 0);
  metrics.count('mad_task_tokens_total', mad, 0);
  for (const kind of ['first', 'repeated']) metrics.count('mad_task_attempts_total', { ...mad, kind }, 0);
  for (const status of ENDS) {
    metrics.count('mad_tasks_finished_total', { ...mad, status }, 0);
    metrics.expect('mad_task_duration_seconds', { ...mad, status });
  }
  metrics.expect('mad_task_first_token_seconds', mad);
  metrics.set('mad_task_outbox_pending', mad, 0);
  return {
    submitted: () => metrics.count('mad_tasks_submitted_total', mad),
    refused: () => metrics.count('mad_tasks_refused_total', mad),
    attempt: (kind) => metrics.count('mad_task_attempts_total', { ...mad, kind }),
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

/** Looks at the tasks of one MAD at each scrape. */
export function watchTasks(metrics: MadMetrics, madId: string, watch: () => TaskWatch): () => void {
  const mad = { mad: madId };
  return metrics.onScrape(() => {
    const { stored, oldestQueuedMs, silenceMs } = watch();
    for (const [status, count] of Object.entries(stored)) {
      metrics.set('mad_tasks_stored', { ...mad, status }, count);
    }
    metrics.set('mad_task_oldest_queued_seconds', mad, oldestQueuedMs / 1000);
    metrics.set('mad_task_silence_seconds', mad, silenceMs / 1000);
  });
}
