import type { Logger } from '@mad-group/protocol';
import type { Tracing } from '@mad-group/protocol/tracing';
import { isTracingOn, type TracingConfig } from './otel-keys.ts';

/** How the MADs of a process trace. */
export interface ProcessTracing {
  /** For the MAD of this id; undefined where tracing is off. */
  of(madId: string): Tracing | undefined;
  /** Sends what waits, at most so long, in milliseconds. */
  stop(options: { timeoutMs: number }): Promise<void>;
}

const off: ProcessTracing = { of: () => undefined, stop: async () => undefined };

/** Switches tracing on where the configuration asks for it. Else nothing of OpenTelemetry's SDK is loaded. */
export async function startTracing(config: TracingConfig, log: Logger): Promise<ProcessTracing> {
  if (!isTracingOn(config)) return off;
  const { startSdk } = await import('./sdk.ts');
  return startSdk(config, log);
}
