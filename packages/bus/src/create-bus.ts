import type { Logger } from '@mad-group/protocol';
import type { Bus } from './bus.ts';
import type { LogLimits } from './log-limits.ts';
import { createMemoryBus } from './memory-bus.ts';
import { createRedisBus } from './redis-bus.ts';

export interface BusConfig {
  /** `redis://` or `rediss://`; without it the bus lives in memory. */
  readonly url?: string | undefined;
  /** Wins over a password in the URL. */
  readonly password?: string | undefined;
  readonly limits: LogLimits;
}

/**
 * The bus that the configuration asks for, not yet started.
 *
 * @throws TypeError where the URL is none
 */
export function createBus(config: BusConfig, { log }: { readonly log: Logger }): Bus {
  const { url, password, limits } = config;
  return url ? createRedisBus({ url, password, limits, log }) : createMemoryBus({ log, ...limits });
}
