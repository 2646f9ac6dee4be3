import type { Logger } from '@mad-group/protocol';
import { createCircuit } from './circuit.ts';
import { measureProvider, type ProviderMetrics } from './measure-provider.ts';
import { createOpenAiProvider, OPENAI_URL } from './openai-provider.ts';
import type { Provider } from './provider.ts';
import { traceProvider } from './trace-provider.ts';

/** The name of what answers where no model is configured. */
export const OFFLINE_PROVIDER_NAME = 'offline';

/** How to get a model, in one sentence: for answers, logs and the first screen. */
export const HOW_TO_SET_A_MODEL =
  'Set OPENAI_API_KEY=… for OpenAI, or OPENAI_BASE_URL=… for any OpenAI-compatible server, and start again.';

/** The part of the environment that names the model. */
export interface ProviderConfig {
  readonly OPENAI_API_KEY?: string | undefined;
  readonly OPENAI_BASE_URL?: string | undefined;
  readonly LLM_MODEL: string;
  readonly LLM_TIMEOUT_MS: number;
  readonly LLM_OUTAGE_WAIT_MS: number;
}

/** The provider that the configuration names; null where it names none, which means offline. */
export function createProvider(
  config: ProviderConfig,
  { log, metrics }: { readonly log: Logger; readonly metrics: ProviderMetrics },
): Provider | null {
  if (!config.OPENAI_API_KEY && !config.OPENAI_BASE_URL) return null;
  const provider = createOpenAiProvider({
    apiKey: config.OPENAI_API_KEY,
    baseUrl: config.OPENAI_BASE_URL,
    model: config.LLM_MODEL,
    timeoutMs: config.LLM_TIMEOUT_MS,
    log,
    onRetry: metrics.retried,
    onFailure: metrics.failed,
    onUsage: (usage) => metrics.used(config.LLM_MODEL, usage),
    circuit: createCircuit({ log, onChange: metrics.circuit }),
    outageWaitMs: config.LLM_OUTAGE_WAIT_MS,
  });
  const traced = traceProvider(provider, {
    model: config.LLM_MODEL,
    baseUrl: config.OPENAI_BASE_URL || OPENAI_URL,
  });
  return measureProvider(traced, metrics);
}
