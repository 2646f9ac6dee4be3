// A cluster with the images on it, for the runners that need one.
//   KUBECONFIG=…       the cluster to use; without it a kind cluster `mads` is made from k8s/kind.yaml
//   LOAD_IMAGES=CMD    command that gives images, named as its arguments, to the nodes of that cluster;
//                      without it, of a given cluster, they are taken to be there or to be pulled
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { IMAGES } from './image-names.ts';

const ROOT = join(import.meta.dirname, '..');
const KIND_CLUSTER = 'mads';
const REDIS = 'redis:7-bookworm';
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
/** The same images under a second tag: what an upgrade goes to. */
const nextTag = `${version}-next`;

function must(command: string, ...args: string[]): void {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' });
  if (status === 0) return;
  console.error(
    `${command} ${args.join(' ')} ${error ? `could not be run: ${error.message}` : `ended with ${status}`}`,
  );
  console.log('\n0 passed, 1 failed');
  process.exit(1);
}

/** A cluster of kind's, made where it is not there; kubectl and helm are pointed at it. */
function useKind(): void {
  const clusters = spawnSync('kind', ['get', 'clusters'], { encoding: 'utf8' });
  if (clusters.error) {
    console.error(
      'Neither KUBECONFIG nor kind is there: set KUBECONFIG, or install kind (kind.sigs.k8s.io).',
    );
    console.log('\n0 passed, 1 failed');
    process.exit(1);
  }
  if (!clusters.stdout.split('\n').includes(KIND_CLUSTER)) {
    must('kind', 'create', 'cluster', '--name', KIND_CLUSTER, '--config', 'k8s/kind.yaml');
  }
  const kubeconfig = join(ROOT, 'node_modules', '.cache', 'kind.kubeconfig');
  must('kind', 'export', 'kubeconfig', '--name', KIND_CLUSTER, '--kubeconfig', kubeconfig);
  process.env.KUBECONFIG = kubeconfig;
  process.env.LOAD_IMAGES = `kind load docker-image --name ${KIND_CLUSTER}`;
}

/** Builds the images, gives them to the cluster, and points kubectl and helm at it. Ends the process where it cannot. */
export function prepareCluster(): void {
  if (!process.env.KUBECONFIG) useKind();
  must('node', 'scripts/images.ts');
  const images = IMAGES.flatMap((name) => [`mad/${name}:${version}`, `mad/${name}:${nextTag}`]);
  for (const name of IMAGES) must('docker', 'tag', `mad/${name}:${version}`, `mad/${name}:${nextTag}`);
  if (spawnSync('docker', ['image', 'inspect', REDIS]).status !== 0) must('docker', 'pull', REDIS);
  if (process.env.LOAD_IMAGES) must('sh', '-c', `${process.env.LOAD_IMAGES} "$@"`, 'sh', ...images, REDIS);
}
