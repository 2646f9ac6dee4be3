import type { MadMetrics } from '../metrics.ts';

const CIRCUIT_STATES = { closed: 0, 'half-open': 1, open: 2 } as const;

/** What the model provider of one MAD tells, as metrics. */
export function providerMetrics(metrics: MadMetrics, madId: string) {
  const mad = { mad: madId };
  return {
    called: (outcome: string, durationMs: number): void => {
      metrics.count('mad_provider_calls_total', { ...mad, outcome });
      metrics.observe('mad_provider_call_duration_seconds', mad, durationMs / 1000);
    },
    circuit: (state: keyof typeof CIRCUIT_STATES): void =>
      metrics.set('mad_provider_circuit_state', mad, CIRCUIT_STATES[state]),
    retried: (): void => metrics.count('mad_provider_retries_total', mad),
  };
}
