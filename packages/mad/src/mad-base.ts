import type { Bus } from '@mad-group/bus';
import type { MadOptions } from './mad-types.ts';
import { meterBus } from './metered-bus.ts';
import type { ProcessParts } from './run-process.ts';

type Base = Pick<
  MadOptions,
  'host' | 'bus' | 'callers' | 'allowedHosts' | 'allowedOrigins' | 'log' | 'metrics' | 'tracing'
>;

/** What a MAD takes from the process that it runs in. */
export const madBase = ({ config, bus, callers, log, metrics, tracing }: ProcessParts<Bus | null>): Base => ({
  host: config.HOST,
  bus,
  callers,
  allowedHosts: config.ALLOWED_HOSTS,
  allowedOrigins: config.ALLOWED_ORIGINS,
  log,
  metrics,
  tracing,
});

/** The same with the bus as one MAD has it: what it publishes, and how far it has read, is measured as its own. */
export const measured = <Parts extends ProcessParts<Bus | null>>(parts: Parts, madId: string): Parts => ({
  ...parts,
  bus: parts.bus && meterBus(parts.bus, parts.metrics, madId),
});
