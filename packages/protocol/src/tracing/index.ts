export { type Attributes, type Span, SpanKind } from '@opentelemetry/api';
export { agentSpan, toolContent, toolSpan } from './gen-ai.ts';
export { currentSpan, failSpan, inSpan, type SpanSpec, streamInSpan } from './spans.ts';
export {
  currentTraceHeaders,
  nearestTrace,
  type TraceHeaders,
  traceHeadersOf,
  traceIds,
} from './trace-headers.ts';
export { currentTracing, isTraced, type Tracing, withoutTrace, withTracing } from './tracing.ts';
