import { createHash } from 'node:crypto';
import type { MadGroup } from '@mad-group/protocol';
import { groupKey } from '../cluster/cluster.ts';
import { type HelmOptions, renderChart } from './helm.ts';
import type { KubernetesManifest } from './manifest.ts';

interface Rendered {
  /** Sum over the values, which hold secrets. */
  readonly input: string;
  readonly manifests: readonly KubernetesManifest[];
}

/** Renders a group's values, each set of them once: a pass that changes nothing starts no helm. */
export function createRenderer(
  options: HelmOptions,
): (group: MadGroup, values: object) => Promise<readonly KubernetesManifest[]> {
  const last = new Map<string, Rendered>();
  return async (group, values) => {
    const key = groupKey(group);
    const input = createHash('sha256').update(JSON.stringify(values)).digest('hex');
    const known = last.get(key);
    if (known?.input === input) return known.manifests;
    const manifests = await renderChart(group.metadata, values, options);
    last.set(key, { input, manifests });
    return manifests;
  };
}
