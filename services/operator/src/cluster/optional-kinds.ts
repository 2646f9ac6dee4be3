import { CustomObjectsApi, type KubeConfig } from '@kubernetes/client-node';
import type { Logger } from '@mad-group/protocol';
import { codeOf } from './cluster.ts';
import { OPTIONAL_KINDS, type OptionalKind, placeOf } from './kinds.ts';

export interface OptionalKinds {
  /** Those that the cluster has. */
  there(): readonly OptionalKind[];
  /** Resolves when it is known which are there. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface OptionalKindsOptions {
  readonly kubeconfig: KubeConfig;
  readonly log: Logger;
  readonly onCome: (kind: OptionalKind) => void;
  readonly onGo: (kind: OptionalKind) => void;
}

/** How long whoever installs a CRD waits at most, in milliseconds. */
const LOOK_EVERY_MS = 20_000;

/**
 * Kinds that come and go with CRDs of others. They are asked for by discovery, which every account may
 * use: to watch CRDs would need a ClusterRole even where one namespace is kept, and to watch a kind that
 * is not there only fails.
 */
export function createOptionalKinds({ kubeconfig, log, onCome, onGo }: OptionalKindsOptions): OptionalKinds {
  const discovery = kubeconfig.makeApiClient(CustomObjectsApi);
  let there: readonly OptionalKind[] = [];
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  async function isServed(kind: OptionalKind): Promise<boolean> {
    const { group, version } = placeOf(kind) as { group: string; version: string };
    try {
      const { resources } = await discovery.getAPIResources({ group, version });
      return resources.some(({ name }) => name === kind.plural);
    } catch (error) {
      if (codeOf(error) === 404) return false;
      throw error;
    }
  }

  async function look(): Promise<void> {
    const served = await Promise.all(OPTIONAL_KINDS.map(isServed));
    if (stopped) return;
    const before = there;
    there = OPTIONAL_KINDS.filter((_, index) => served[index]);
    for (const kind of there.filter((each) => !before.includes(each))) {
      log.info({ kind: kind.kind, api_version: kind.apiVersion }, 'The cluster has this kind');
      onCome(kind);
    }
    for (const kind of before.filter((each) => !there.includes(each))) {
      log.info({ kind: kind.kind, api_version: kind.apiVersion }, 'The cluster has this kind no more');
      onGo(kind);
    }
  }

  function lookLater(): void {
    timer = setTimeout(() => {
      // What is not known stays as it was.
      void look()
        .catch((error: unknown) => log.warn({ err: error }, 'Which kinds there are could not be asked'))
        .finally(() => !stopped && lookLater());
    }, LOOK_EVERY_MS);
  }

  return {
    there: () => there,
    async start() {
      await look();
      if (!stopped) lookLater();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
