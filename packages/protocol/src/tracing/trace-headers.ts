import { type Context, context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';

/** W3C Trace Context as it travels: in headers of HTTP and of an envelope, in `_meta` of a request, with a stored task. */
export interface TraceHeaders {
  readonly traceparent?: string;
  readonly tracestate?: string;
}

const FIELDS = ['traceparent', 'tracestate'] as const;
/** Longest value that is looked at, in characters; the standard asks for 512 of `tracestate` to be passed on. */
const MAX_LENGTH = 1024;

/** What of a request's fields is trace context. Anything else, of any type, is left out. */
export function traceHeadersOf(carrier: unknown): TraceHeaders {
  if (typeof carrier !== 'object' || carrier === null) return {};
  const fields = carrier as Record<string, unknown>;
  return Object.fromEntries(
    FIELDS.flatMap((field) => {
      const value = fields[field];
      return typeof value === 'string' && value.length <= MAX_LENGTH ? [[field, value]] : [];
    }),
  );
}

/** The trace of a request itself, or that of what carried it. */
export const nearestTrace = (request: TraceHeaders, carrier: TraceHeaders): TraceHeaders =>
  request.traceparent === undefined ? carrier : request;

/** The running trace, for whoever is called; nothing where there is none, or tracing is off. */
export function currentTraceHeaders(): TraceHeaders {
  const headers = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** The context of the trace that the headers name; headers that are not right name none. */
export const contextOf = (headers: TraceHeaders): Context => propagation.extract(ROOT_CONTEXT, headers);

/** Ids of the running trace, for a line of the log. */
export function traceIds(): { trace_id?: string; span_id?: string } {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}
