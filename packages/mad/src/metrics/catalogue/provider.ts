import type { MetricSpec } from './spec.ts';

/** What the MADs tell that think, where a model is configured. */
export const PROVIDER = {
  mad_provider_calls_total: {
    type: 'counter',
    help: 'Requests to the model provider with all their tries, by outcome: ok, cancelled, or the code of the error.',
    labels: ['mad', 'outcome'],
  },
  mad_provider_call_duration_seconds: {
    type: 'histogram',
    help: 'How long a request to the model provider took, its tries and its stream included.',
    labels: ['mad'],
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600],
  },
  mad_provider_first_token_seconds: {
    type: 'histogram',
    help: 'From a request to the model provider to the first piece of its answer, tries included.',
    labels: ['mad'],
    buckets: [0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 30, 60, 120],
  },
  mad_provider_errors_total: {
    type: 'counter',
    help: 'Tries that failed, also where a later one succeeded, by the code of the error.',
    labels: ['mad', 'code'],
  },
  mad_provider_retries_total: {
    type: 'counter',
    help: 'Requests to the model provider that were tried again.',
    labels: ['mad'],
  },
  mad_provider_circuit_state: {
    type: 'gauge',
    help: '0 while requests go to the model provider, 2 while it is away and left alone, 1 while one request tries whether it is back.',
    labels: ['mad'],
  },
  mad_model_tokens_total: {
    type: 'counter',
    help: 'Tokens as the provider counts them: input, cached_input (the part of the input that it had already), output.',
    labels: ['mad', 'model', 'kind'],
  },
  mad_model_cost_total: {
    type: 'counter',
    help: 'What those tokens cost by LLM_PRICES, in its currency; only where it has the model.',
    labels: ['mad', 'model'],
  },
  mad_model_uncounted_calls_total: {
    type: 'counter',
    help: 'Answers of which the provider did not say how many tokens they took, as of cancelled ones: their tokens and cost are missing above.',
    labels: ['mad', 'model'],
  },
} as const satisfies Record<string, MetricSpec>;
