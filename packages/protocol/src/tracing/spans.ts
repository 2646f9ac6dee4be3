import {
  type Attributes,
  context,
  INVALID_SPAN_CONTEXT,
  type Span,
  type SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { MadError } from '../errors.ts';
import { currentTracing } from './tracing.ts';

export interface SpanSpec {
  /** Of few different values: what is asked for goes into the attributes. */
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: Attributes;
}

/** Takes what is set on it, and keeps nothing. */
const NO_SPAN: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/** The span that is running, of the MAD whose work this is. */
export const currentSpan = (): Span | undefined => (currentTracing() ? trace.getActiveSpan() : undefined);

/** Does the work in a span of its own, which ends with it. What is thrown is in the span by its code, without its words. */
export async function inSpan<T>(spec: SpanSpec, work: (span: Span) => Promise<T>): Promise<T> {
  const tracing = currentTracing();
  if (!tracing) return work(NO_SPAN);
  return tracing.tracer.startActiveSpan(spec.name, spec, async (span) => {
    try {
      return await work(span);
    } catch (error) {
      failSpan(span, error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/**
 * The same for what comes piece by piece: the span is the running one while a piece is made, not
 * while its reader is busy with it. It ends when the last piece is read, or the reader leaves.
 */
export async function* streamInSpan<T>(
  spec: SpanSpec,
  work: (span: Span) => AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const tracing = currentTracing();
  if (!tracing) {
    yield* work(NO_SPAN);
    return;
  }
  const span = tracing.tracer.startSpan(spec.name, spec);
  const within = trace.setSpan(context.active(), span);
  const iterator = context.with(within, () => work(span)[Symbol.asyncIterator]());
  let ended = false;
  try {
    while (true) {
      const next = await context.with(within, () => iterator.next());
      if (next.done) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } catch (error) {
    ended = true;
    failSpan(span, error);
    throw error;
  } finally {
    // A reader that leaves early has been given less than the answer.
    if (!ended) {
      failSpan(span, CANCELLED);
      await context.with(within, () => iterator.return?.());
    }
    span.end();
  }
}

/** What a span that was broken off gives for its error. */
const CANCELLED = 'cancelled';

/** Marks a span as failed, with the code of what was thrown or a word of the caller's. */
export function failSpan(span: Span, failure: unknown): void {
  span.setAttribute('error.type', errorType(failure));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function errorType(failure: unknown): string {
  if (failure instanceof MadError) return failure.code;
  if (typeof failure === 'string') return failure;
  if (!(failure instanceof Error)) return '_OTHER';
  return failure.name === 'AbortError' ? CANCELLED : failure.name;
}
