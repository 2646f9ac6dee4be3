import {
  type Context,
  context,
  createContextKey,
  ROOT_CONTEXT,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { contextOf, type TraceHeaders } from './trace-headers.ts';

/** How one MAD traces. Where tracing is off there is none, and spans cost a look for it. */
export interface Tracing {
  /** Its spans are the MAD's own, also where several MADs share a process. */
  readonly tracer: Tracer;
  /** Whether prompts, answers and what tools take and give are put into spans. */
  readonly capturesContent: boolean;
}

/** Who works is in the context, as the running span is: what is called need not be told of either. */
const TRACING = createContextKey('mad.tracing');

/** The MAD whose work this is; undefined where tracing is off, or nobody has begun a trace. */
export const currentTracing = (): Tracing | undefined =>
  context.active().getValue(TRACING) as Tracing | undefined;

/**
 * Does a MAD's work within the trace that the headers name, or in a new one where they name none.
 *
 * @param headers the running trace goes on where absent
 */
export function withTracing<T>(
  tracing: Tracing | undefined,
  headers: TraceHeaders | undefined,
  work: () => T,
): T {
  if (!tracing) return work();
  const parent: Context = headers ? contextOf(headers) : context.active();
  return context.with(parent.setValue(TRACING, tracing), work);
}

/**
 * Does what is nobody's in particular, as what serves many callers at once: else it would count to
 * the trace of whoever happened to come first.
 */
export const withoutTrace = <T>(work: () => T): T => context.with(ROOT_CONTEXT, work);

/** Whether there is a trace to go on with, begun here or elsewhere. */
export const isTraced = (): boolean => trace.getActiveSpan() !== undefined;
