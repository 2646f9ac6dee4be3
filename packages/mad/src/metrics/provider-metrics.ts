import type { MadMetrics } from '../metrics.ts';

/** What the model provider of one MAD tells, as metrics. */
export function providerMetrics(metrics: MadMetrics, madId: string) {
  const mad = { mad: madId };
  return {
    called: (outcome: string, durationMs: number): void => {
      metrics.count('mad_provider_calls_total', { ...mad, outcome });
      metrics.observe('mad_provider_call_duration_seconds', mad, durationMs / 1000);
    },
    retried: (): void => metrics.count('mad_provider_retries_total', mad),
  };
}
