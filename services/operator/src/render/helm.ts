import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { parseAllDocuments } from 'yaml';
import type { KubernetesManifest } from './manifest.ts';

export interface HelmOptions {
  /** The binary. */
  readonly helm: string;
  /** Folder of the chart. */
  readonly chart: string;
  /** Of the cluster, as `1.35.0`. */
  readonly kubernetesVersion: string;
  /** Kinds of others that the cluster has, as `monitoring.coreos.com/v1/ServiceMonitor`. */
  readonly apiVersions: readonly string[];
}

/** A rendering takes a fraction of a second; in milliseconds. */
const TIMEOUT_MS = 30_000;

/** The values are not what the chart takes; the message is Helm's, without its decoration. */
export class RenderError extends Error {
  override readonly name = 'RenderError';
}

/** Makes manifests of values, as `helm install` would: one description of each workload for both. */
export async function renderChart(
  release: { readonly name: string; readonly namespace: string },
  values: object,
  options: HelmOptions,
): Promise<KubernetesManifest[]> {
  const args = ['template', release.name, options.chart, '--namespace', release.namespace];
  const flags = ['--no-hooks', '--skip-tests', '--kube-version', options.kubernetesVersion, '--values', '-'];
  const kinds = options.apiVersions.flatMap((version) => ['--api-versions', version]);
  const child = spawn(options.helm, [...args, ...flags, ...kinds], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  });
  // A helm that ends early leaves the rest unread; its exit says why.
  child.stdin.on('error', () => undefined).end(JSON.stringify(values));
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  if (code === null) throw new Error(`helm did not end by itself: ${stderr}`);
  if (code !== 0) throw new RenderError(reasonOf(stderr));
  // Kubernetes reads YAML 1.1: 0440 is octal, and no is false.
  return parseAllDocuments(stdout, { version: '1.1' }).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0];
    const object = document.toJS() as KubernetesManifest | null;
    return object === null ? [] : [object];
  });
}

/** What Helm says, in one line, without the place in the template that only we understand. */
const reasonOf = (stderr: string): string =>
  stderr
    .replace(/^Error: /, '')
    .replace(/execution error at \(.*?\): /, '')
    .replace(/\n\s*Use --debug flag.*$/s, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('walk.go'))
    .join(' ');
