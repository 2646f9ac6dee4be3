// Many groups at one operator: what a group costs to make and to keep, and how that grows.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { AuditedRequest } from '../kit/audit-log.ts';
import { freePorts } from '../kit/free-ports.ts';
import { type Group, startGroup } from '../kit/group.ts';
import { readMetrics, sumOf } from '../kit/metrics.ts';
import { type Running, start } from '../kit/process.ts';
import { figure, scaled } from '../kit/scale.ts';
import { keepReady } from './ready-pods.ts';
import { type Scene, startScene } from './scene.ts';

/** Groups that there are after each step. */
const STEPS = scaled({ short: [4, 8], full: [25, 50, 100, 200] });
/** How long nothing happens at the end of a step, for what it costs to keep them. */
const QUIET_MS = scaled({ short: 15_000, full: 120_000 });
/** Objects of a group, its status as it comes up, and its Events. */
const WRITES_A_GROUP = 45;
const OPERATOR = 'system:serviceaccount:default:mad-operator';
/** The operator's chart says how much memory it has; of that the image gives 65 % to the heap. */
const LIMIT_MIB = limitOfChart();
const HEAP_MIB = Math.floor(LIMIT_MIB * 0.65);
/** Passes at once, and what each one's helm takes at most. */
const HELMS_MIB = 4 * 80;
const MIB = 1024 * 1024;

let scene: Scene;
let group: Group;
let operator: Running;
let pods: { stop(): Promise<void> };
let metricsUrl: string;

beforeAll(async () => {
  scene = await startScene();
  group = await startGroup({ LOG_LEVEL: 'warn' });
  pods = await keepReady(scene.server);
  await scene.kubectl('create', 'serviceaccount', 'mad-operator');
  const binding = ['--clusterrole=cluster-admin', '--serviceaccount=default:mad-operator'];
  await scene.kubectl('create', 'clusterrolebinding', 'mad-operator', ...binding);
  const token = (await scene.kubectl('create', 'token', 'mad-operator', '--duration=8h')).trim();
  const [port] = (await freePorts(1)) as [number];
  metricsUrl = `http://127.0.0.1:${port}/metrics`;
  operator = start('node', [`--max-old-space-size=${HEAP_MIB}`, 'test/operator/scale-main.ts'], {
    KUBECONFIG: scene.server.kubeconfigFor(token),
    CHART: 'charts/mad-group',
    PLATFORM_PORT: String(port),
    VERIFY_URLS: JSON.stringify({
      grace: group.url('grace'),
      fiedler: group.url('fiedler'),
      rogers: group.url('rogers'),
      'sequential-thinking': group.url('sequential-thinking'),
    }),
  });
});
afterAll(async () => {
  await operator?.stop();
  await pods?.stop();
  await group?.stop();
  await scene?.stop();
});

/** Requests of the operator that ended, behind the first so many of the log. */
const requests = (from: number): AuditedRequest[] =>
  scene.server
    .requests()
    .slice(from)
    .filter(({ user }) => user.username === OPERATOR);
const isWrite = ({ verb }: AuditedRequest): boolean => !['get', 'list', 'watch'].includes(verb);
const isDryRun = ({ requestURI }: AuditedRequest): boolean => requestURI.includes('dryRun=');

async function createGroups(from: number, to: number): Promise<void> {
  const names = Array.from({ length: to - from }, (_, i) => `many-${from + i}`);
  await scene.kubectl.apply({
    apiVersion: 'v1',
    kind: 'List',
    items: names.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
  });
  await scene.kubectl.apply({
    apiVersion: 'v1',
    kind: 'List',
    items: names.map((namespace) => ({
      apiVersion: 'mads.dev/v1alpha1',
      kind: 'MadGroup',
      metadata: { name: 'demo', namespace },
      spec: {},
    })),
  });
}

async function verifiedGroups(): Promise<number> {
  const path = '{.items[*].status.conditions[?(@.type=="Verified")].status}';
  const words = await scene.kubectl('get', 'mg', '-A', '-o', `jsonpath=${path}`);
  return words.split(' ').filter((word) => word === 'True').length;
}

test(`a group costs the same to make and to keep, however many there are (${STEPS.join(', ')})`, {
  timeout: 7_200_000,
}, async () => {
  let made = 0;
  for (const count of STEPS) {
    const before = scene.server.requests().length;
    const startedMs = performance.now();
    await createGroups(made, count);
    await expect.poll(verifiedGroups, { timeout: 3_600_000, interval: 500 }).toBe(count);
    const seconds = (performance.now() - startedMs) / 1000;
    // Watches tell of the last status; what follows from it ends.
    await sleep(3_000);
    const toMake = requests(before);
    const quietFrom = scene.server.requests().length;
    await sleep(QUIET_MS);
    const toKeep = requests(quietFrom);
    const added = count - made;
    const writes = toMake.filter((each) => isWrite(each) && !isDryRun(each)).length;
    const text = await readMetrics(metricsUrl);
    figure('operator', {
      groups: count,
      seconds_a_group: round(seconds / added),
      writes_a_group: round(writes / added),
      dry_runs_a_group: round(toMake.filter(isDryRun).length / added),
      reads_a_group: round(toMake.filter((each) => !isWrite(each)).length / added),
      kept_writes: toKeep.filter(isWrite).length,
      kept_reads_a_minute: round((toKeep.filter((each) => !isWrite(each)).length * 60_000) / QUIET_MS),
      rss_mib: round(sumOf(text, 'process_resident_memory_bytes') / MIB),
      heap_mib: round(sumOf(text, 'nodejs_heap_size_used_bytes') / MIB),
      cpu_seconds: round(sumOf(text, 'process_cpu_seconds_total')),
    });
    expect(toKeep.filter(isWrite).map(({ verb, requestURI }) => `${verb} ${requestURI}`)).toEqual([]);
    expect(sumOf(text, 'process_resident_memory_bytes') / MIB + HELMS_MIB).toBeLessThan(LIMIT_MIB);
    expect(writes / added).toBeLessThanOrEqual(WRITES_A_GROUP);
    made = count;
  }
  expect(operator.stderr()).toBe('');
});

function limitOfChart(): number {
  const values = parse(readFileSync('charts/mad-operator/values.yaml', 'utf8')) as {
    resources: { limits: { memory: string } };
  };
  const [, number, unit] = /^(\d+)(Mi|Gi)$/.exec(values.resources.limits.memory) ?? [];
  return Number(number) * (unit === 'Gi' ? 1024 : 1);
}

const round = (value: number): number => Math.round(value * 10) / 10;
