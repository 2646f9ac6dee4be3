import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePorts } from './free-ports.ts';
import { start } from './process.ts';

export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface FiringAlert {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Prometheus {
  /** @throws Error in the words of Prometheus where the query is not valid */
  query(expr: string): Promise<Series[]>;
  /** Type of each metric family, by its name, as the targets tell it. */
  types(): Promise<ReadonlyMap<string, string>>;
  /** Names of all metrics that were ever scraped. */
  names(): Promise<string[]>;
  /** Targets by job: `up`, `down`, or `unknown` before the first scrape. */
  targets(): Promise<Record<string, string>>;
  firing(): Promise<FiringAlert[]>;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** Host and port of each job. */
  readonly targets: Readonly<Record<string, string>>;
  /** A rules file. */
  readonly rules?: object;
  /** How often it scrapes, and evaluates rules. */
  readonly interval: string;
}

/** A real Prometheus with a folder and a port of its own, as Debian packages it. */
export async function startPrometheus(options: PrometheusOptions): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'mad-prometheus-'));
  const [port] = (await freePorts(1)) as [number];
  const url = `http://127.0.0.1:${port}`;
  const { interval } = options;
  const config = {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: options.rules === undefined ? [] : ['rules.yaml'],
    scrape_configs: Object.entries(options.targets).map(([job, target]) => ({
      job_name: job,
      static_configs: [{ targets: [target] }],
    })),
  };
  await writeFile(join(folder, 'prometheus.yaml'), stringify(config));
  if (options.rules) await writeFile(join(folder, 'rules.yaml'), stringify(options.rules));
  const running = start('prometheus', [
    `--config.file=${join(folder, 'prometheus.yaml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ]);

  async function get<T>(path: string, parameters: Record<string, string> = {}): Promise<T> {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const body = (await response.json()) as { status: string; data: T; error?: string };
    if (body.status !== 'success') throw new Error(`${body.error} in ${parameters.query ?? path}`);
    return body.data;
  }

  await untilReady(url, () => {
    const { exitCode } = running.child;
    if (exitCode !== null) throw new Error(`prometheus ended with ${exitCode}:\n${running.output()}`);
  });
  return {
    async query(expr) {
      const { resultType, result } = await get<{ resultType: string; result: RawSample[] }>('query', {
        query: expr,
      });
      if (resultType !== 'vector') throw new Error(`${expr} is a ${resultType}, not a vector`);
      return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    async types() {
      const metadata = await get<Record<string, { type: string }[]>>('metadata');
      return new Map(Object.entries(metadata).map(([name, [first]]) => [name, first?.type ?? '']));
    },
    names: () => get<string[]>('label/__name__/values'),
    async targets() {
      const { activeTargets } = await get<{ activeTargets: RawTarget[] }>('targets');
      return Object.fromEntries(activeTargets.map(({ labels, health }) => [labels.job, health]));
    },
    async firing() {
      const { alerts } = await get<{ alerts: RawAlert[] }>('alerts');
      return alerts
        .filter(({ state }) => state === 'firing')
        .map(({ labels: { alertname = '', ...labels }, annotations }) => ({
          name: alertname,
          labels,
          annotations,
        }));
    },
    async stop() {
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface RawSample {
  readonly metric: Record<string, string>;
  readonly value: [number, string];
}
interface RawTarget {
  readonly labels: { readonly job: string };
  readonly health: string;
}
interface RawAlert {
  readonly state: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
}

async function untilReady(url: string, check: () => void): Promise<void> {
  for (;;) {
    check();
    const ready = await fetch(`${url}/-/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
