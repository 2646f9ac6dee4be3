import { type KubeConfig, ListWatch, Watch } from '@kubernetes/client-node';
import type { Logger } from '@mad-group/protocol';
import type { KubernetesManifest } from '../render/manifest.ts';
import type { Kind } from './kinds.ts';
import type { PlainObjects } from './plain-objects.ts';

export interface LastingWatch {
  /** What is there, as far as is known. */
  objects(): readonly KubernetesManifest[];
  /** Resolves when all were listed once. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface LastingWatchOptions {
  readonly kubeconfig: KubeConfig;
  readonly objects: Pick<PlainObjects, 'list'>;
  readonly type: Kind;
  /** The only namespace that is looked at; all of them where absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly onChange: (object: KubernetesManifest) => void;
  readonly log: Logger;
}

/** Pause before a watch that ended is started again, doubled each time, in milliseconds. */
const RESTART_MS = { first: 500, longest: 30_000 };

/** A watch with its cache that outlives errors: the client's own stops after any but 410. */
export function createLastingWatch(options: LastingWatchOptions): LastingWatch {
  const { kubeconfig, objects, type, namespace, labelSelector, onChange, log } = options;
  const { apiVersion, kind, plural } = type;
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const path = namespace === undefined ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`;
  let restartMs = RESTART_MS.first;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let markListed: () => void = () => undefined;
  const listed = new Promise<void>((resolve) => {
    markListed = resolve;
  });

  // Items of a list, and what a watch tells, do not all say their kind.
  const typed = (object: unknown): KubernetesManifest =>
    ({ ...(object as object), apiVersion, kind }) as KubernetesManifest;
  const list = async () => {
    const found = await objects.list(type, namespace, labelSelector);
    restartMs = RESTART_MS.first;
    markListed();
    return found;
  };
  const informer = new ListWatch(path, new Watch(kubeconfig), list as never, false, labelSelector);
  informer.on('change', (object) => {
    // It works again: the next error is the first one.
    restartMs = RESTART_MS.first;
    onChange(typed(object));
  });
  informer.on('error', (error: unknown) => {
    if (stopped) return;
    log.warn({ err: error, kind, again_in_ms: restartMs }, 'A watch ended');
    timer = setTimeout(() => void informer.start(), restartMs);
    restartMs = Math.min(restartMs * 2, RESTART_MS.longest);
  });

  return {
    objects: () => informer.list().map(typed),
    async start() {
      await informer.start();
      await listed;
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      markListed();
      await informer.stop();
    },
  };
}
