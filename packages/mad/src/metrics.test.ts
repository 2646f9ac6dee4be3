import { describe, expect, test } from 'vitest';
import { METRICS } from './metrics/catalogue.ts';
import { taskMetrics } from './metrics/task-metrics.ts';
import { createMetrics } from './metrics.ts';

describe('the catalogue of metrics', () => {
  test('is what the registry has, name for name', async () => {
    const { registry } = createMetrics({ processMetrics: false });
    const metrics = await registry.getMetricsAsJSON();
    expect(metrics.map(({ name }) => name).toSorted()).toEqual(Object.keys(METRICS).toSorted());
  });

  test.each(Object.entries(METRICS))('%s keeps the conventions of Prometheus', (name, { type, help }) => {
    expect(name).toMatch(/^mad_[a-z0-9_]+$/);
    expect(help).toMatch(/^[A-Z0-9].*\.$/s);
    expect(name.endsWith('_total')).toBe(type === 'counter');
    if (type === 'histogram') expect(name).toMatch(/_seconds$/);
  });

  test('has the process beside it', async () => {
    expect(await createMetrics().registry.metrics()).toMatch(/^process_cpu_seconds_total /m);
  });
});

test('two processes’ worth of metrics live side by side', () => {
  expect(() => [createMetrics(), createMetrics()]).not.toThrow();
});

test('what the task runner tells is counted under its MAD', async () => {
  const metrics = createMetrics({ processMetrics: false });
  const tasks = taskMetrics(metrics, 'fiedler');
  tasks.submitted();
  tasks.refused();
  tasks.finished('COMPLETED', 1500);
  tasks.firstToken(250);
  tasks.tokens(7);
  tasks.load(3, 2);
  tasks.outbox(5);
  const text = await metrics.registry.metrics();
  for (const line of [
    'mad_tasks_submitted_total{mad="fiedler"} 1',
    'mad_tasks_refused_total{mad="fiedler"} 1',
    'mad_tasks_finished_total{mad="fiedler",status="COMPLETED"} 1',
    'mad_task_duration_seconds_sum{mad="fiedler",status="COMPLETED"} 1.5',
    'mad_task_first_token_seconds_sum{mad="fiedler"} 0.25',
    'mad_task_tokens_total{mad="fiedler"} 7',
    'mad_tasks_queued{mad="fiedler"} 3',
    'mad_tasks_running{mad="fiedler"} 2',
    'mad_task_outbox_pending{mad="fiedler"} 5',
  ]) {
    expect(text).toContain(line);
  }
});
