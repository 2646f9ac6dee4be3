import { type Attributes, context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Tracing } from '../tracing.ts';

export interface RecordedSpan {
  readonly name: string;
  readonly kind: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
  readonly attributes: Attributes;
  readonly failed: boolean;
}

export interface RecordedSpans {
  readonly tracing: Tracing;
  /** Those that have ended, in the order of their ends. */
  spans(): RecordedSpan[];
  /** The only one of this name. */
  span(name: string): RecordedSpan;
  stop(): void;
}

/** Switches tracing on in this process, for a test, and keeps what is recorded. */
export function recordSpans(options: { capturesContent?: boolean } = {}): RecordedSpans {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const spans = (): RecordedSpan[] =>
    exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      kind: SpanKind[span.kind] ?? '',
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      parentId: span.parentSpanContext?.spanId,
      attributes: span.attributes,
      failed: span.status.code === SpanStatusCode.ERROR,
    }));
  return {
    tracing: { tracer: provider.getTracer('test'), capturesContent: options.capturesContent ?? false },
    spans,
    span(name) {
      const found = spans().filter((span) => span.name === name);
      if (found.length === 1) return found[0] as RecordedSpan;
      const names = spans().map((span) => span.name);
      throw new Error(`${found.length} spans are named '${name}', of: ${names.join(', ')}`);
    },
    stop() {
      context.disable();
      propagation.disable();
      trace.disable();
    },
  };
}
