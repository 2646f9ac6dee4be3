import { type KubeConfig, ListWatch, Watch } from '@kubernetes/client-node';
import type { Logger } from '@mad-group/protocol';
import type { KubernetesManifest } from '../render/manifest.ts';
import type { Kind } from './kinds.ts';
import type { PlainObjects } from './plain-objects.ts';

export interface LastingWatch {
  /** Whether all were listed once. */
  readonly isListed: boolean;
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
  /** What is kept of an object; all of it where absent. */
  readonly keep?: (object: KubernetesManifest) => KubernetesManifest;
  readonly onChange: (object: KubernetesManifest, isThere: boolean) => void;
  readonly log: Logger;
}

/** Pause before a watch that ended is started again, doubled each time, in milliseconds. */
const RESTART_MS = { first: 500, longest: 30_000 };

/** A watch that outlives errors: the client's own stops after any but 410. */
export function createLastingWatch(options: LastingWatchOptions): LastingWatch {
  const { kubeconfig, objects, type, namespace, labelSelector, onChange, log } = options;
  const { apiVersion, kind, plural } = type;
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const path = namespace === undefined ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`;
  const keep = options.keep ?? ((object) => object);
  let restartMs = RESTART_MS.first;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let isListed = false;
  let markListed: () => void = () => undefined;
  const listed = new Promise<void>((resolve) => {
    markListed = resolve;
  });

  // Items of a list, and what a watch tells, do not all say their kind.
  const kept = (object: unknown): KubernetesManifest =>
    keep({ ...(object as object), apiVersion, kind } as KubernetesManifest);
  const list = async () => {
    const found = await objects.list(type, namespace, labelSelector);
    return { ...found, items: found.items.map(kept) };
  };
  const informer = new ListWatch(path, watchThatTells(kubeconfig, kept), list as never, false, labelSelector);
  const tell = (isThere: boolean) => (object: unknown) => {
    // It works again: the next error is the first one.
    restartMs = RESTART_MS.first;
    onChange(object as KubernetesManifest, isThere);
  };
  informer.on('add', tell(true));
  informer.on('update', tell(true));
  informer.on('delete', tell(false));
  informer.on('error', (error: unknown) => {
    if (stopped) return;
    log.warn({ err: error, kind, again_in_ms: restartMs }, 'A watch ended');
    clearTimeout(timer);
    timer = setTimeout(() => void begin(), restartMs);
    restartMs = Math.min(restartMs * 2, RESTART_MS.longest);
  });

  /** Its promise ends with the first list, or the error that was told of. */
  async function begin(): Promise<void> {
    await informer.start();
    if (informer.latestResourceVersion() === '') return;
    isListed = true;
    markListed();
  }

  return {
    get isListed() {
      return isListed;
    },
    async start() {
      await begin();
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

/** The client's watch throws where it cannot even ask, past those who wait for its end: as an error of its own it is tried again. */
function watchThatTells(
  kubeconfig: KubeConfig,
  kept: (object: unknown) => KubernetesManifest,
): Pick<Watch, 'watch'> & Watch {
  const watch = new Watch(kubeconfig);
  const ask = watch.watch.bind(watch);
  watch.watch = async (path, query, callback, done) => {
    const slim: typeof callback = (phase, object, ...rest) =>
      callback(phase, phase === 'ERROR' || phase === 'BOOKMARK' ? object : kept(object), ...rest);
    try {
      return await ask(path, query, slim, done);
    } catch (error) {
      done(error);
      return new AbortController();
    }
  };
  return watch;
}
