import { createOpenAiProvider, type OpenAiProviderOptions } from './openai-provider.ts';
import type { Provider } from './provider.ts';

/** The name of what answers where no model is configured. */
export const OFFLINE_PROVIDER_NAME = 'offline';

/** How to get a model, in one sentence: for answers, logs and the first screen. */
export const HOW_TO_SET_A_MODEL =
  'Set OPENAI_API_KEY=… for OpenAI, or OPENAI_BASE_URL=… for any OpenAI-compatible server, and start again.';

/** The provider that the configuration names; null where it names none, which means offline. */
export function createProvider(options: OpenAiProviderOptions): Provider | null {
  return options.apiKey || options.baseUrl ? createOpenAiProvider(options) : null;
}
