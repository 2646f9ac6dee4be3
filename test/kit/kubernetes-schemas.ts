import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT } from './process.ts';
import { pythonWith } from './python.ts';

/**
 * Schemas of a Kubernetes version as kubeconform takes them, `{kind}{-group}-{version}.json` in the
 * folder that is given. They come from the Python package kubernetes-validate, where they name each
 * other by addresses on the web: here by files.
 *
 * @param version as `1.35.0`, one that the package has
 */
export async function kubernetesSchemas(version: string): Promise<string> {
  const python = await pythonWith('charts', join(ROOT, 'test/charts/requirements.txt'));
  const lib = join(python, '../../lib');
  const package_ = join(lib, readdirSync(lib)[0] as string, 'site-packages/kubernetes_validate');
  const from = join(package_, 'kubernetes-json-schema', `v${version}-local-strict`);
  const to = join(ROOT, 'node_modules/.cache/kubernetes-schemas', basename(from));
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const { $id: _, ...schema } = JSON.parse(readFileSync(join(from, name), 'utf8')) as Record<
      string,
      unknown
    >;
    const text = JSON.stringify(schema).replaceAll('"/api/_definitions.json#', '"_definitions.json#');
    writeFileSync(join(to, name), text);
  }
  return to;
}
