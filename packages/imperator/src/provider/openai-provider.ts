import { type ErrorCode, type Logger, MadError } from '@mad-group/protocol';
import OpenAI, { APIError } from 'openai';
import { type Circuit, isOutage } from './circuit.ts';
import { toProviderError } from './openai-errors.ts';
import { toOpenAiMessage, toOpenAiTool, withoutTools } from './openai-messages.ts';
import { streamOnce } from './openai-stream.ts';
import type { ChatMessage, JsonRequest, Provider, ProviderEvent, StreamRequest } from './provider.ts';
import { DEFAULT_RETRY, type RetryOptions, type RetryPolicy, waitForOutage, waitForRetry } from './retry.ts';
import { throughCircuit } from './through-circuit.ts';
import type { Usage } from './usage.ts';

export interface OpenAiProviderOptions {
  /** Sent as the bearer token; `none` where only a base URL is given. */
  readonly apiKey?: string | undefined;
  /** Of an OpenAI-compatible server, as `http://127.0.0.1:11434/v1`. OpenAI's own where absent. */
  readonly baseUrl?: string | undefined;
  readonly model: string;
  readonly log: Logger;
  /** Longest silence of the provider, in milliseconds. Default 60,000. */
  readonly timeoutMs?: number | undefined;
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** Told of each request that is tried again. */
  readonly onRetry?: (() => void) | undefined;
  /** Told of each try that failed, also where a later one succeeds. */
  readonly onFailure?: ((code: ErrorCode) => void) | undefined;
  /** Told of each answer what it took; null where the server does not say, or the answer was broken off. */
  readonly onUsage?: ((usage: Usage | null) => void) | undefined;
  /** What spares the provider while it is away, and lets answers wait for it. */
  readonly circuit?: Circuit | undefined;
  /** Longest wait of an answer for a provider that is away, in milliseconds. Default 120,000. */
  readonly outageWaitMs?: number | undefined;
}

/** Who waits until a deadline says why just before it, in milliseconds. */
const DEADLINE_MARGIN_MS = 250;
export const OPENAI_URL = 'https://api.openai.com/v1';

type StreamingBody = OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming;
type ResponseFormat = NonNullable<StreamingBody['response_format']>;

/** A model behind the Chat Completions API: OpenAI, Ollama, vLLM, llama.cpp, a gateway. */
export function createOpenAiProvider(options: OpenAiProviderOptions): Provider {
  const { apiKey, baseUrl, model, timeoutMs = 60_000, circuit, outageWaitMs = 120_000 } = options;
  const policy = { ...DEFAULT_RETRY, ...options.retry };
  const name = `${baseUrl === undefined ? 'openai' : new URL(baseUrl).host} ${model}`;
  const log = options.log.child({ provider: name });
  const client = new OpenAI({
    apiKey: apiKey ?? 'none',
    baseURL: baseUrl ?? OPENAI_URL,
    // We retry ourselves, since only we know whether a token is out already; our watchdog times.
    maxRetries: 0,
    timeout: 2 ** 31 - 1,
    // Said here so that the client reads nothing of this from the environment.
    organization: null,
    project: null,
    adminAPIKey: null,
    webhookSecret: null,
    logLevel: 'off',
  });
  /** What this server turned out to support; learned from its refusals. */
  const supports = { tools: true, usage: true, format: 0 };

  /** What the tries of one request share; its lines in the log carry its correlation id. */
  const begin = ({ signal, correlationId }: StreamRequest | JsonRequest): RetryOptions => ({
    policy,
    signal,
    log: log.child({ correlation_id: correlationId }),
    onRetry: options.onRetry,
  });

  function fail(error: unknown, asking: RetryOptions): MadError {
    asking.signal.throwIfAborted();
    if (error instanceof MadError) return error;
    const failure = toProviderError(error, apiKey);
    if (failure.code === 'provider_auth') asking.log.error({ code: failure.code }, failure.message);
    return failure;
  }

  /** The same for a request that was made, not only waited for. */
  function failTry(error: unknown, asking: RetryOptions): MadError {
    const failure = fail(error, asking);
    options.onFailure?.(failure.code);
    return failure;
  }

  /** Learns that this server does not want to be asked for the count of tokens. */
  function refusedUsage(failure: MadError, { stream_options }: StreamingBody, asking: RetryOptions): boolean {
    if (!stream_options || !refuses(failure, USAGE_REFUSED)) return false;
    supports.usage = false;
    asking.log.warn({ reason: failure.message }, 'this server is not asked for the count of tokens any more');
    return true;
  }

  function body(messages: readonly ChatMessage[], maxTokens: number | undefined): StreamingBody {
    return {
      model,
      messages: messages.map(toOpenAiMessage),
      stream: true,
      ...(supports.usage ? { stream_options: { include_usage: true } } : {}),
      // OpenAI renamed the field for its newer models; compatible servers know the old name.
      ...(maxTokens === undefined
        ? {}
        : baseUrl === undefined
          ? { max_completion_tokens: maxTokens }
          : { max_tokens: maxTokens }),
    };
  }

  /** Whether a failure comes from a request and was not counted: the circuit sees to those before the first event. */
  const isUncounted = (begun: boolean): boolean => begun || circuit === undefined;

  /** One request, where the circuit lets it through before this time (by `performance.now()`). */
  function attempt(asked: StreamingBody, asking: RetryOptions, untilMs: number) {
    const { signal } = asking;
    const { onUsage = () => undefined } = options;
    const events = streamOnce(client, asked, { signal, timeoutMs, onUsage });
    if (!circuit) return events;
    return throughCircuit(circuit, events, { signal, untilMs, toFailure: (error) => failTry(error, asking) });
  }

  async function* stream(request: StreamRequest): AsyncGenerator<ProviderEvent> {
    const { tools, maxTokens } = request;
    const asking = begin(request);
    const leftMs = request.deadlineMs === undefined ? Infinity : request.deadlineMs - Date.now();
    const untilMs = performance.now() + Math.min(outageWaitMs, leftMs - DEADLINE_MARGIN_MS);
    let outages = 0;
    for (let retry = 0; ; ) {
      const offersTools = tools.length > 0 && supports.tools;
      const messages =
        tools.length > 0 && !supports.tools ? withoutTools(request.messages) : request.messages;
      let begun = false;
      const asked = {
        ...body(messages, maxTokens),
        ...(offersTools ? { tools: tools.map(toOpenAiTool) } : {}),
      };
      try {
        for await (const event of attempt(asked, asking, untilMs)) {
          begun = true;
          yield event;
        }
        return;
      } catch (error) {
        const failure = isUncounted(begun) ? failTry(error, asking) : fail(error, asking);
        if (begun) throw failure;
        if (refusedUsage(failure, asked, asking)) continue;
        if (offersTools && refuses(failure, TOOLS_REFUSED)) {
          supports.tools = false;
          asking.log.warn({ reason: failure.message }, 'this model takes no tools: it answers without state');
          continue;
        }
        if (circuit && isOutage(failure)) {
          await waitForOutage(failure, outages, { ...asking, untilMs, circuit });
          outages += 1;
        } else {
          await waitForRetry(failure, retry, asking);
          retry += 1;
        }
      }
    }
  }

  async function completeJson(request: JsonRequest): Promise<string> {
    const { maxTokens, system, prompt, followUp = [], schema } = request;
    const asking = begin(request);
    const formats: (ResponseFormat | undefined)[] = [
      { type: 'json_schema', json_schema: { ...schema, strict: true } },
      { type: 'json_object' },
      undefined,
    ];
    const messages: ChatMessage[] = [
      { role: 'system', content: system },
      { role: 'user', content: prompt },
      ...followUp,
    ];
    for (let retry = 0; ; ) {
      const tried = supports.format;
      const format = formats[tried];
      const asked = { ...body(messages, maxTokens), ...(format ? { response_format: format } : {}) };
      let text = '';
      try {
        // Plans are a help, not the answer: they do not wait for a provider that is away.
        for await (const event of attempt(asked, asking, 0)) {
          if (event.type === 'token') text += event.token;
        }
        return text;
      } catch (error) {
        const failure = isUncounted(text !== '') ? failTry(error, asking) : fail(error, asking);
        if (refusedUsage(failure, asked, asking)) continue;
        if (format && refuses(failure, /response_?format|json|schema|grammar|structured/i)) {
          // Another request may have learned it in the meantime.
          supports.format = Math.max(supports.format, tried + 1);
          asking.log.warn({ reason: failure.message }, `this server refuses response_format ${format.type}`);
          continue;
        }
        await waitForRetry(failure, retry, asking);
        retry += 1;
      }
    }
  }

  return { name, stream, completeJson, ...(circuit ? { circuit: circuit.status } : {}) };
}

/**
 * Words of a refusal of tools as such: Ollama `… does not support tools`, vLLM `"auto" tool choice
 * requires --enable-auto-tool-choice`, llama.cpp `tools param requires --jinja flag`.
 */
const TOOLS_REFUSED =
  /support\w*\b.*\btools?\b|\btools?\b.*\b(not|un)\s?(support|permit|allow|recogni)|tool.choice.*requires|tools? param.*requires|(unknown|unrecogni[sz]ed|extra|unexpected).*\btools\b/i;

/** Words of a refusal of `stream_options`, as Mistral's `Extra inputs are not permitted … stream_options`. */
const USAGE_REFUSED = /stream_?options|include_?usage/i;

/** Whether the provider refused the request itself, with words of its own about this. */
const refuses = (failure: MadError, about: RegExp): boolean =>
  failure.code === 'provider_rejected' && failure.cause instanceof APIError && about.test(failure.message);
