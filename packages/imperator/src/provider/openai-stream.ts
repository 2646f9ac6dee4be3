import { MadError } from '@mad-group/protocol';
import { currentTraceHeaders } from '@mad-group/protocol/tracing';
import type { EventSourceMessage } from 'eventsource-parser';
import type OpenAI from 'openai';
import { APIError } from 'openai';
import { createAnswerNotes } from './answer-notes.ts';
import type { ProviderEvent } from './provider.ts';
import { readServerSentEvents } from './server-sent-events.ts';
import { createToolCallAssembler } from './tool-call-assembler.ts';
import { toUsage, type Usage } from './usage.ts';
import { createWatchdog } from './watchdog.ts';

type StreamingBody = OpenAI.Chat.Completions.ChatCompletionCreateParamsStreaming;
type Chunk = OpenAI.Chat.Completions.ChatCompletionChunk;
type FinishReason = Chunk['choices'][number]['finish_reason'];

/** How long to wait for the end of the stream once the answer itself is complete, in milliseconds. */
const CLOSING_MS = 1_000;

const EVENT_STREAM = 'text/event-stream';
/** What a model server never streams under; a website answers so. */
const PAGES = /^(?:text\/html|application\/xhtml\+xml)$/;

/**
 * One HTTP request and what its stream says, up to an `end` event. An answer counts as complete
 * only with a `finish_reason`: a stream that merely stops may have been cut anywhere.
 *
 * @param timeoutMs longest silence before and between two chunks, in milliseconds
 * @param onUsage told at the end of an answer that began what it took; null where the provider does not say
 * @throws MadError `provider_timeout`, `provider_bad_response`, `provider_rejected`; the signal's
 *   reason; whatever the client throws
 */
export async function* streamOnce(
  client: OpenAI,
  body: StreamingBody,
  options: { signal: AbortSignal; timeoutMs: number; onUsage?: (usage: Usage | null) => void },
): AsyncGenerator<ProviderEvent> {
  const { signal, timeoutMs } = options;
  const watchdog = createWatchdog();
  const toolCalls = createToolCallAssembler();
  const notes = createAnswerNotes();
  let finish: FinishReason = null;
  let answered: string | null = null;
  let heard = false;
  let usage: Usage | undefined;
  try {
    watchdog.arm(timeoutMs);
    // The client's own reading of the stream costs more than all the rest that a token does.
    const response = await client.chat.completions
      .create(body, {
        signal: AbortSignal.any([signal, watchdog.signal]),
        headers: { ...currentTraceHeaders() },
      })
      .asResponse();
    answered = mediaType(response.headers);
    if (answered !== null && PAGES.test(answered)) {
      await response.body?.cancel();
      throw notAStream(answered);
    }
    for await (const events of readServerSentEvents(response.body)) {
      heard = true;
      // Silence is measured while we wait for the provider, not while our reader is busy.
      watchdog.disarm();
      for (const event of events) {
        // The last chunk may carry only usage, and some servers send others without choices.
        const chunk = toChunk(event, response.headers);
        if (chunk) notes?.chunk(chunk);
        usage = toUsage(chunk?.usage) ?? usage;
        const choice = chunk?.choices?.[0];
        const token = choice?.delta?.content || choice?.delta?.refusal;
        if (token) yield { type: 'token', token };
        for (const delta of choice?.delta?.tool_calls ?? []) toolCalls.add(delta);
        finish ??= choice?.finish_reason ?? null;
      }
      watchdog.arm(finish === null ? timeoutMs : CLOSING_MS);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (finish === null) throw watchdog.expired ? timedOut(timeoutMs) : error;
  } finally {
    watchdog.disarm();
    if (usage) notes?.usage(usage);
    if (heard) options.onUsage?.(usage ?? null);
  }
  signal.throwIfAborted();
  if (finish === null && watchdog.expired) throw timedOut(timeoutMs);
  // Some servers stream under a wrong name: only where nothing was understood, the name says why.
  if (finish === null) {
    throw !heard && answered !== null && answered !== EVENT_STREAM ? notAStream(answered) : brokenOff();
  }
  if (finish === 'content_filter') {
    throw new MadError('provider_rejected', "The model provider's content filter stopped the answer.");
  }
  const calls = toolCalls.calls();
  if (calls.length > 0) yield { type: 'tool_calls', calls };
  yield { type: 'end', reason: calls.length > 0 ? 'tool_calls' : finish === 'length' ? 'length' : 'stop' };
}

/** @throws APIError where it tells of a failure; SyntaxError where it is no JSON */
function toChunk({ event, data }: EventSourceMessage, headers: Headers): Partial<Chunk> | null {
  const value = JSON.parse(data) as (Partial<Chunk> & { error?: object }) | null;
  if (event !== 'error' && !value?.error) return value;
  throw new APIError(undefined, value?.error ?? value ?? {}, undefined, headers);
}

const timedOut = (timeoutMs: number) =>
  new MadError('provider_timeout', `The model provider was silent for ${timeoutMs / 1000} s.`);

const brokenOff = () =>
  new MadError('provider_bad_response', "The model provider's answer ended before it was complete.");

/** `text/html` of `text/html; charset=utf-8`. */
const mediaType = (headers: Headers): string | null =>
  headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() || null;

/** Not tried again: the same address answers the same. */
const notAStream = (type: string) =>
  new MadError(
    'provider_rejected',
    `The model provider answered ${type}, not an event stream: does OPENAI_BASE_URL end in /v1?`,
  );
