// A real Prometheus reads a group of processes under load: what is documented is what it finds, and what
// it finds is what the databases say.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRIC_GROUPS, METRICS } from '@mad-group/mad';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { MAD_NAMES } from '../kit/group.ts';
import { type GroupLoad, startGroupLoad } from '../kit/group-load.ts';
import { startModelStub } from '../kit/model-stub.ts';
import { type MonitoredGroup, startMonitoredGroup } from '../kit/monitored-group.ts';
import { ROOT, run } from '../kit/process.ts';
import { type Prometheus, type Series, startPrometheus } from '../kit/prometheus.ts';
import { type StreamingStub, USAGE } from '../kit/streaming-stub.ts';

/** Labels that Prometheus puts on everything. */
const TARGET_LABELS = ['__name__', 'instance', 'job'];
const PRICES = { input: 10, cached: 1, output: 100 };

let model: StreamingStub;
let group: MonitoredGroup;
let prometheus: Prometheus;
let load: GroupLoad;

beforeAll(async () => {
  model = await startModelStub();
  group = await startMonitoredGroup({
    OPENAI_BASE_URL: model.baseUrl,
    LLM_MODEL: 'stub',
    LLM_PRICES: `stub=${PRICES.input}/${PRICES.cached}/${PRICES.output}`,
  });
  prometheus = await startPrometheus({ targets: group.targets, interval: '1s' });
  load = await startGroupLoad(group);
  await vi.waitFor(() => expect(load.rounds()).toBeGreaterThan(10), { timeout: 60_000, interval: 100 });
});
afterAll(async () => {
  await prometheus?.stop();
  await group?.stop();
  await model?.stop();
});

const sumOf = async (expr: string): Promise<number> =>
  (await prometheus.query(expr)).reduce((sum, { value }) => sum + value, 0);

/** Rows of a MAD's database, read beside the process that has it open. */
function rows<Row>(mad: 'rogers' | 'fiedler', sql: string): Row[] {
  const path = join(group.place(mad).dataDir, `${mad}_state.db`);
  const database = new Database(path, { readonly: true });
  try {
    return database.prepare<[], Row>(sql).all();
  } finally {
    database.close();
  }
}

/** Series and rows as lines that compare. */
const asLines = (series: readonly Series[], ...labels: string[]): string[] =>
  series
    .filter(({ value }) => value > 0)
    .map(({ labels: has, value }) => `${labels.map((label) => has[label]).join(' ')} ${value}`)
    .sort();

test('every MAD is up', async () => {
  await expect
    .poll(() => prometheus.targets())
    .toEqual(Object.fromEntries(MAD_NAMES.map((mad) => [mad, 'up'])));
});

test.each(MAD_NAMES)('Prometheus’ own lint has nothing to say of %s', async (mad) => {
  const text = await (await fetch(group.place(mad).metricsUrl)).text();
  const { code, stdout, stderr } = await run('promtool', ['check', 'metrics'], {}, text);
  expect(`${stdout}${stderr}`).toBe('');
  expect(code).toBe(0);
});

describe('what is documented is there', () => {
  const documented = METRIC_GROUPS.flatMap(({ mads, metrics }) =>
    mads.flatMap((mad) => Object.entries(metrics).map(([name, spec]) => ({ mad, name, spec }))),
  );

  test.each(documented)('$name of $mad, with its labels', async ({ mad, name, spec }) => {
    const sample = spec.type === 'histogram' ? `${name}_count` : name;
    await expect.poll(() => prometheus.query(`${sample}{job="${mad}"}`)).not.toEqual([]);
    for (const { labels } of await prometheus.query(`${sample}{job="${mad}"}`)) {
      const own = Object.keys(labels).filter((label) => !TARGET_LABELS.includes(label));
      expect(own.sort()).toEqual([...spec.labels].sort());
      if ('mad' in labels) expect(labels.mad).toBe(mad);
    }
    if (spec.type === 'histogram') {
      expect(await prometheus.query(`${name}_bucket{job="${mad}",le="+Inf"}`)).not.toEqual([]);
    }
  });

  test('with its type, and nothing else of ours', async () => {
    const types = await prometheus.types();
    const ours = [...types].filter(([name]) => name.startsWith('mad_'));
    expect(Object.fromEntries(ours)).toEqual(
      Object.fromEntries(Object.entries(METRICS).map(([name, { type }]) => [name, type])),
    );
  });
});

interface Target {
  readonly expr: string;
}
interface DashboardPanel {
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly Target[];
}

describe('the dashboard', () => {
  const { panels } = JSON.parse(readFileSync(join(ROOT, 'k8s', 'grafana-dashboard.json'), 'utf8')) as {
    panels: DashboardPanel[];
  };
  /** With what Grafana puts in the places of its variables. */
  const queries = panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      expr: expr.replaceAll('$namespace', '.*').replaceAll('$__rate_interval', '15s'),
    })),
  );

  test('has a row for the bus, and one for each MAD', () => {
    const rowTitles = panels.filter(({ type }) => type === 'row').map(({ title }) => title);
    expect(rowTitles).toEqual(['Bus', 'Grace', 'Rogers', 'Fiedler', 'Sequential Thinking']);
    expect(queries.length).toBeGreaterThan(80);
    for (const { expr } of queries) expect(expr).not.toContain('$');
  });

  test.each(queries)('$title: $expr', async ({ expr }) => {
    await expect.poll(() => prometheus.query(expr)).not.toEqual([]);
  });
});

describe('what it says is what the databases say', () => {
  test('after Rogers was killed in the middle of its work, and came back', async () => {
    const counted = () => sumOf('mad_bus_messages_total');
    const before = await counted();
    for (let kill = 0; kill < 3; kill += 1) {
      await group.kill('rogers');
      await group.restart('rogers');
    }
    await expect.poll(counted).toBeGreaterThan(before);
    // The clients of Rogers were cut off with it.
    await expect(load.stop()).rejects.toThrow();
  });

  test('messages by sender and topic pattern, to the last one', async () => {
    const hours = () =>
      rows<{ line: string }>(
        'rogers',
        `SELECT sender_id || ' ' || topic_pattern || ' ' || sum(message_count) AS line
         FROM hourly_metrics GROUP BY sender_id, topic_pattern`,
      ).map(({ line }) => line);
    const counters = async () =>
      asLines(await prometheus.query('mad_bus_messages_total'), 'sender_id', 'topic_pattern');
    await expect
      .poll(async () => [await counters(), hours().sort()].map(String))
      .toSatisfy(([seen, stored]: string[]) => seen === stored && seen !== '');
  });

  test('and no counter of theirs ever went back, not even through a kill', async () => {
    expect(await sumOf('resets(mad_bus_messages_total[10m])')).toBe(0);
    expect(await sumOf('resets(mad_bus_gaps_total{mad="rogers"}[10m])')).toBe(0);
  });

  test('connections by status', async () => {
    const stored = () =>
      rows<{ line: string }>(
        'rogers',
        `SELECT status || ' ' || count(*) AS line FROM connections GROUP BY status`,
      ).map(({ line }) => line);
    await expect
      .poll(async () => asLines(await prometheus.query('mad_rogers_connections'), 'status'))
      .toEqual(stored().sort());
  });

  test('tasks by status, and how they ended', async () => {
    const stored = rows<{ line: string }>(
      'fiedler',
      `SELECT status || ' ' || count(*) AS line FROM tasks GROUP BY status`,
    ).map(({ line }) => line);
    expect(stored.some((line) => line.startsWith('CANCELLED'))).toBe(true);
    await expect
      .poll(async () => asLines(await prometheus.query('mad_tasks_stored{mad="fiedler"}'), 'status'))
      .toEqual(stored.sort());
    expect(asLines(await prometheus.query('mad_tasks_finished_total{mad="fiedler"}'), 'status')).toEqual(
      stored,
    );
    const all = rows<{ count: number }>('fiedler', 'SELECT count(*) AS count FROM tasks')[0]?.count;
    expect(await sumOf('mad_tasks_submitted_total{mad="fiedler"}')).toBe(all);
    expect(await sumOf('mad_task_duration_seconds_count{mad="fiedler"}')).toBe(all);
    expect(await sumOf('mad_tasks_queued{mad="fiedler"} + mad_tasks_running{mad="fiedler"}')).toBe(0);
  });

  test('tokens and cost are those of the answers that the model completed', async () => {
    const complete = model.requests.filter(({ outcome }) => outcome === 'complete').length;
    // Rogers was killed and its counters began anew; the other two saw all of theirs.
    const seen = await sumOf('sum (mad_model_tokens_total{kind="output"}) / 20');
    expect(seen).toBeLessThanOrEqual(complete);
    const answers =
      (await sumOf('mad_model_tokens_total{mad="fiedler",kind="output"}')) / USAGE.completion_tokens;
    expect(answers).toBeGreaterThan(10);
    const fiedler = async (kind: string) => sumOf(`mad_model_tokens_total{mad="fiedler",kind="${kind}"}`);
    const cached = USAGE.prompt_tokens_details.cached_tokens;
    expect(await fiedler('cached_input')).toBe(answers * cached);
    expect(await fiedler('input')).toBe(answers * (USAGE.prompt_tokens - cached));
    const price = (USAGE.prompt_tokens - cached) * PRICES.input + cached * PRICES.cached + 20 * PRICES.output;
    expect(await sumOf('mad_model_cost_total{mad="fiedler"}')).toBeCloseTo((answers * price) / 1e6, 9);
    const dropped = model.requests.filter(
      ({ prompt, outcome }) => /cancel me/.test(prompt) && outcome === 'dropped',
    );
    expect(await sumOf('mad_model_uncounted_calls_total{mad="fiedler"}')).toBeLessThanOrEqual(dropped.length);
  });
});
