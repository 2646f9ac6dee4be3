import type { ErrorCode } from '@mad-group/protocol';
import type { Config } from '../config.ts';
import type { MadMetrics } from '../metrics.ts';
import { costOf, parsePrices } from '../prices.ts';

const CIRCUIT_STATES = { closed: 0, 'half-open': 1, open: 2 } as const;
const PROVIDER_ERRORS = [
  'provider_auth',
  'provider_rate_limited',
  'provider_timeout',
  'provider_unavailable',
  'provider_bad_response',
  'provider_rejected',
] as const satisfies readonly ErrorCode[];

/** What one answer of the model took, in tokens. */
interface Usage {
  readonly input: number;
  readonly cachedInput: number;
  readonly output: number;
}

/** What the model provider of one MAD tells, as metrics. */
export interface ProviderReport {
  called(outcome: string, durationMs: number): void;
  firstToken(latencyMs: number): void;
  failed(code: string): void;
  retried(): void;
  circuit(state: keyof typeof CIRCUIT_STATES): void;
  used(model: string, usage: Usage | null): void;
}

export interface ProviderMetricsParts {
  readonly metrics: MadMetrics;
  readonly config: Pick<Config, 'LLM_MODEL' | 'LLM_PRICES' | 'OPENAI_API_KEY' | 'OPENAI_BASE_URL'>;
}

export function providerMetrics({ metrics, config }: ProviderMetricsParts, madId: string): ProviderReport {
  const mad = { mad: madId };
  const prices = parsePrices(config.LLM_PRICES);

  function announce(model: string): void {
    // There before the first: what begins with 1 has no increase.
    for (const code of PROVIDER_ERRORS) {
      metrics.count('mad_provider_calls_total', { ...mad, outcome: code }, 0);
      metrics.count('mad_provider_errors_total', { ...mad, code }, 0);
    }
    for (const outcome of ['ok', 'cancelled'])
      metrics.count('mad_provider_calls_total', { ...mad, outcome }, 0);
    metrics.count('mad_provider_retries_total', mad, 0);
    metrics.expect('mad_provider_call_duration_seconds', mad);
    metrics.expect('mad_provider_first_token_seconds', mad);
    count(model, { input: 0, cachedInput: 0, output: 0 });
    metrics.count('mad_model_uncounted_calls_total', { ...mad, model }, 0);
  }

  function count(model: string, usage: Usage): void {
    const tokens = (kind: string, amount: number): void =>
      metrics.count('mad_model_tokens_total', { ...mad, model, kind }, amount);
    tokens('input', usage.input);
    tokens('cached_input', usage.cachedInput);
    tokens('output', usage.output);
    const price = prices.get(model);
    if (price) metrics.count('mad_model_cost_total', { ...mad, model }, costOf(price, usage));
  }

  if (config.OPENAI_API_KEY || config.OPENAI_BASE_URL) announce(config.LLM_MODEL);
  return {
    called(outcome, durationMs) {
      metrics.count('mad_provider_calls_total', { ...mad, outcome });
      metrics.observe('mad_provider_call_duration_seconds', mad, durationMs / 1000);
    },
    firstToken: (latencyMs) => metrics.observe('mad_provider_first_token_seconds', mad, latencyMs / 1000),
    failed: (code) => metrics.count('mad_provider_errors_total', { ...mad, code }),
    retried: () => metrics.count('mad_provider_retries_total', mad),
    circuit: (state) => metrics.set('mad_provider_circuit_state', mad, CIRCUIT_STATES[state]),
    used(model, usage) {
      if (usage) count(model, usage);
      else metrics.count('mad_model_uncounted_calls_total', { ...mad, model });
    },
  };
}
