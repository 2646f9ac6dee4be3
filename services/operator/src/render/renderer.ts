import { createHash } from 'node:crypto';
import { deflateSync, inflateSync } from 'node:zlib';
import type { MadGroup } from '@mad-group/protocol';
import { groupKey } from '../cluster/cluster.ts';
import { type HelmOptions, RenderError, renderChart } from './helm.ts';
import type { KubernetesManifest } from './manifest.ts';
import { inWordsOfSpec } from './values.ts';

/** Renders the values of groups. */
export interface Renderer {
  render(group: MadGroup, values: object): Promise<readonly KubernetesManifest[]>;
  /** Of a group that is gone nothing is kept. */
  forget(key: string): void;
}

interface Rendered {
  /** Sum over the values, which hold secrets, and the kinds. */
  readonly input: string;
  /** The manifests as JSON, a tenth of their size. */
  readonly packed: Buffer;
}

/** Renders each set of values once for the same kinds: a pass that changes nothing starts no helm. */
export function createRenderer(
  options: Omit<HelmOptions, 'apiVersions'>,
  versionsNow: () => HelmOptions['apiVersions'],
): Renderer {
  const last = new Map<string, Rendered>();
  return {
    forget: (key) => void last.delete(key),
    async render(group, values) {
      const key = groupKey(group);
      const apiVersions = versionsNow();
      const input = createHash('sha256')
        .update(JSON.stringify([values, apiVersions]))
        .digest('hex');
      const known = last.get(key);
      if (known?.input === input) {
        return JSON.parse(inflateSync(known.packed).toString()) as KubernetesManifest[];
      }
      const manifests = await render(group, values, { ...options, apiVersions });
      last.set(key, { input, packed: deflateSync(JSON.stringify(manifests)) });
      return manifests;
    },
  };
}

async function render(group: MadGroup, values: object, options: HelmOptions): Promise<KubernetesManifest[]> {
  try {
    return await renderChart(group.metadata, values, options);
  } catch (error) {
    if (!(error instanceof RenderError)) throw error;
    throw new RenderError(inWordsOfSpec(group, error.message), { cause: error });
  }
}
