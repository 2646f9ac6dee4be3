import { setTimeout as sleep } from 'node:timers/promises';
import { silentLogger } from '@mad-group/protocol';
import { describe, expect, test } from 'vitest';
import type { MetricSpec } from './metrics/catalogue/spec.ts';
import { METRIC_GROUPS, METRICS } from './metrics/catalogue.ts';
import { providerMetrics } from './metrics/provider-metrics.ts';
import { taskMetrics, watchTasks } from './metrics/task-metrics.ts';
import { createMetrics } from './metrics.ts';

const UNITS =
  /_(seconds|bytes|total|info|state|ready|connected|messages|connections|clients|readers|stored|queued|running|pending)$/;

describe('the catalogue of metrics', () => {
  test('has each metric once, and each of them has someone who tells it', () => {
    const told = METRIC_GROUPS.flatMap((group) => Object.keys(group.metrics));
    expect(told.toSorted()).toEqual(Object.keys(METRICS).toSorted());
  });

  test.each(Object.entries<MetricSpec>(METRICS))(
    '%s keeps the conventions of Prometheus',
    (name, { type, help, labels, buckets }) => {
      expect(name).toMatch(/^mad_[a-z0-9_]+$/);
      expect(name).toMatch(UNITS);
      expect(help).toMatch(/^[A-Z0-9].*\.$/s);
      expect(name.endsWith('_total')).toBe(type === 'counter');
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
      expect(buckets ?? []).toEqual([...(buckets ?? [])].sort((a, b) => a - b));
      // Those that Prometheus itself puts on what it scrapes.
      for (const label of labels) expect(['instance', 'job', 'namespace', 'pod']).not.toContain(label);
    },
  );

  test('has the process beside it, without what Prometheus’ lint refuses', async () => {
    const text = await createMetrics().scrape();
    expect(text).toMatch(/^process_cpu_seconds_total /m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(text).not.toMatch(/^# TYPE \w+_total gauge/m);
  });
});

test('two processes’ worth of metrics live side by side', () => {
  expect(() => [createMetrics(), createMetrics()]).not.toThrow();
});

describe('a scrape', () => {
  test('shows what was used, and no metric of a MAD that is not here', async () => {
    const metrics = createMetrics({ processMetrics: false });
    metrics.count('mad_tasks_submitted_total', { mad: 'fiedler' }, 0);
    metrics.expect('mad_bus_publish_duration_seconds', { mad: 'fiedler' });
    const text = await metrics.scrape();
    expect(text).toContain('mad_tasks_submitted_total{mad="fiedler"} 0');
    expect(text).toContain('mad_bus_publish_duration_seconds_count{mad="fiedler"} 0');
    expect(text).not.toContain('mad_grace');
  });

  test('looks first, goes on where a look fails, and does not wait for one that hangs', async () => {
    const warnings: unknown[] = [];
    const log = { ...silentLogger, warn: (facts: object) => void warnings.push(facts) };
    const metrics = createMetrics({ processMetrics: false, log });
    metrics.onScrape(() => metrics.set('mad_tasks_queued', { mad: 'fiedler' }, 3));
    metrics.onScrape(() => {
      throw new Error('the database is closed');
    });
    metrics.onScrape(() => sleep(600_000, undefined, { ref: false }));
    const end = metrics.onScrape(() => metrics.set('mad_tasks_running', { mad: 'fiedler' }, 1));
    end();
    const text = await metrics.scrape();
    expect(text).toContain('mad_tasks_queued{mad="fiedler"} 3');
    expect(text).not.toContain('mad_tasks_running');
    expect(warnings).toHaveLength(1);
  });
});

test('what the task runner tells is counted under its MAD, from 0 on', async () => {
  const metrics = createMetrics({ processMetrics: false });
  const tasks = taskMetrics(metrics, 'fiedler');
  const stored = { PENDING: 3, RUNNING: 2, STREAMING: 0, COMPLETED: 9, FAILED: 1, CANCELLED: 0 };
  watchTasks(metrics, 'fiedler', () => ({ stored, oldestQueuedMs: 4_500, silenceMs: 250 }));
  expect(await metrics.scrape()).toContain('mad_tasks_finished_total{mad="fiedler",status="FAILED"} 0');
  tasks.submitted();
  tasks.refused();
  tasks.attempt('first');
  tasks.finished('COMPLETED', 1500);
  tasks.firstToken(250);
  tasks.tokens(7);
  tasks.load(3, 2);
  tasks.outbox(5);
  const text = await metrics.scrape();
  for (const line of [
    'mad_tasks_submitted_total{mad="fiedler"} 1',
    'mad_tasks_refused_total{mad="fiedler"} 1',
    'mad_task_attempts_total{mad="fiedler",kind="first"} 1',
    'mad_task_attempts_total{mad="fiedler",kind="repeated"} 0',
    'mad_tasks_finished_total{mad="fiedler",status="COMPLETED"} 1',
    'mad_task_duration_seconds_sum{mad="fiedler",status="COMPLETED"} 1.5',
    'mad_task_first_token_seconds_sum{mad="fiedler"} 0.25',
    'mad_task_tokens_total{mad="fiedler"} 7',
    'mad_tasks_queued{mad="fiedler"} 3',
    'mad_tasks_running{mad="fiedler"} 2',
    'mad_task_outbox_pending{mad="fiedler"} 5',
    'mad_tasks_stored{mad="fiedler",status="COMPLETED"} 9',
    'mad_task_oldest_queued_seconds{mad="fiedler"} 4.5',
    'mad_task_silence_seconds{mad="fiedler"} 0.25',
  ]) {
    expect(text).toContain(line);
  }
});

describe('what the model took', () => {
  const config = {
    LLM_MODEL: 'm',
    LLM_PRICES: 'm=10/1/100',
    OPENAI_API_KEY: undefined,
    OPENAI_BASE_URL: 'http://model.example/v1',
  };
  const usage = { input: 1000, cachedInput: 2000, output: 500 };

  test('is counted by kind, and costs what the prices say', async () => {
    const metrics = createMetrics({ processMetrics: false });
    const report = providerMetrics({ metrics, config }, 'fiedler');
    report.used('m', usage);
    report.used('m', null);
    const text = await metrics.scrape();
    for (const line of [
      'mad_model_tokens_total{mad="fiedler",model="m",kind="input"} 1000',
      'mad_model_tokens_total{mad="fiedler",model="m",kind="cached_input"} 2000',
      'mad_model_tokens_total{mad="fiedler",model="m",kind="output"} 500',
      'mad_model_cost_total{mad="fiedler",model="m"} 0.062',
      'mad_model_uncounted_calls_total{mad="fiedler",model="m"} 1',
      'mad_provider_calls_total{mad="fiedler",outcome="provider_timeout"} 0',
    ]) {
      expect(text).toContain(line);
    }
  });

  test('has no cost without a price, and nothing is told where no model is configured', async () => {
    const metrics = createMetrics({ processMetrics: false });
    providerMetrics({ metrics, config: { ...config, LLM_PRICES: 'other=1/2' } }, 'fiedler').used('m', usage);
    expect(await metrics.scrape()).not.toContain('mad_model_cost_total');
    const offline = createMetrics({ processMetrics: false });
    providerMetrics({ metrics: offline, config: { ...config, OPENAI_BASE_URL: undefined } }, 'fiedler');
    expect(await offline.scrape()).not.toContain('mad_');
  });
});
