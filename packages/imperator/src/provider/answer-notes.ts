import { currentSpan } from '@mad-group/protocol/tracing';
import type OpenAI from 'openai';
import type { Usage } from './usage.ts';

type Chunk = Partial<OpenAI.Chat.Completions.ChatCompletionChunk>;

/** Takes down in a span what an answer says beside its words. */
export interface AnswerNotes {
  /** Model, id, and why the answer ended. */
  chunk(chunk: Chunk): void;
  /** What the whole answer took. */
  usage(usage: Usage): void;
}

/** Notes in the running span; undefined where nothing is traced, so that nothing is looked at for it. */
export function createAnswerNotes(): AnswerNotes | undefined {
  const span = currentSpan();
  if (!span) return undefined;
  const askedMs = performance.now();
  let begun = false;
  return {
    chunk(chunk) {
      if (!begun) {
        begun = true;
        span.setAttributes({
          'gen_ai.response.time_to_first_chunk': (performance.now() - askedMs) / 1000,
          ...(chunk.id ? { 'gen_ai.response.id': chunk.id } : {}),
          ...(chunk.model ? { 'gen_ai.response.model': chunk.model } : {}),
        });
      }
      const finish = chunk.choices?.[0]?.finish_reason;
      if (finish) span.setAttribute('gen_ai.response.finish_reasons', [finish]);
    },
    usage({ input, cachedInput, output }) {
      span.setAttributes({
        // By the conventions what was cached is part of the input.
        'gen_ai.usage.input_tokens': input + cachedInput,
        'gen_ai.usage.output_tokens': output,
        ...(cachedInput > 0 ? { 'gen_ai.usage.cache_read.input_tokens': cachedInput } : {}),
      });
    },
  };
}
