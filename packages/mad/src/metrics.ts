import type { Registry } from 'prom-client';

/** The process's metrics. One registry serves every MAD in it; each metric has a `mad` label. */
export interface MadMetrics {
  readonly registry: Registry;
}
