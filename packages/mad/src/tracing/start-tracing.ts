import type { Logger } from '@mad-group/protocol';
import { isTracingOn, type TracingConfig } from './otel-keys.ts';
import type { ProcessTracing } from './process-tracing.ts';

const off: ProcessTracing = { of: () => undefined, stop: async () => undefined };

/** Switches tracing on where the configuration asks for it. Else nothing of OpenTelemetry's SDK is loaded. */
export async function startTracing(config: TracingConfig, log: Logger): Promise<ProcessTracing> {
  if (!isTracingOn(config)) return off;
  const { startSdk } = await import('./sdk.ts');
  return startSdk(config, log);
}
