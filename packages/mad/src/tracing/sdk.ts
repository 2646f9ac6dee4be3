// All that is known of OpenTelemetry's SDK. Loaded only where something is traced.

import { hostname } from 'node:os';
import type { Logger } from '@mad-group/protocol';
import type { Tracing } from '@mad-group/protocol/tracing';
import { context, diag, propagation } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  parseKeyPairsIntoRecord,
  setGlobalErrorHandler,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { readVersion } from '../cli/version.ts';
import { capturesContent, type TracingConfig } from './otel-keys.ts';
import type { ProcessTracing } from './process-tracing.ts';

const SCOPE = '@mad-group/mad';
/** The same trouble with the collector is told at most so often, in milliseconds. */
const TELL_INTERVAL_MS = 60_000;

/**
 * Traces to the collector. Spans wait in memory, so many at most, and go in batches; while the
 * collector is away or slow, what does not fit is dropped and nobody waits for it.
 */
export function startSdk(config: TracingConfig, log: Logger): ProcessTracing {
  tellTroubles(log);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  // No baggage: what others attach to a request is not handed on to a model provider.
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  // What is not given here the exporter reads from the environment itself: address, TLS, timeout, compression.
  const exporter = new OTLPTraceExporter({ headers: headersOf(config) });
  const processor = new BatchSpanProcessor({
    exporter,
    scheduledDelayMillis: config.OTEL_BSP_SCHEDULE_DELAY,
    exportTimeoutMillis: config.OTEL_BSP_EXPORT_TIMEOUT,
    maxQueueSize: config.OTEL_BSP_MAX_QUEUE_SIZE,
    maxExportBatchSize: config.OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
  });
  const sampler = samplerOf(config);
  const fromEnvironment = detectResources({ detectors: [envDetector] });
  const mads = new Map<string, Tracing>();
  const version = readVersion();

  /** Each MAD is a service of its own, also where several share a process; they share the way out. */
  function begin(madId: string): Tracing {
    const provider = new TracerProvider({
      sampler,
      resource: resourceFromAttributes({
        'service.name': madId,
        'service.version': version,
        'host.name': hostname(),
      }).merge(fromEnvironment),
      spanLimits: { attributeValueLengthLimit: config.OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT },
      spanProcessors: [processor],
    });
    return { tracer: provider.getTracer(SCOPE, version), capturesContent: capturesContent(config) };
  }

  return {
    of(madId) {
      const tracing = mads.get(madId) ?? begin(madId);
      mads.set(madId, tracing);
      return tracing;
    },
    async stop({ timeoutMs }) {
      const timeout = Promise.withResolvers<void>();
      const timer = setTimeout(timeout.resolve, timeoutMs);
      const sent = processor.shutdown().catch((error: Error) => {
        log.warn({ reason: error.message }, 'The last spans could not be sent');
      });
      await Promise.race([sent, timeout.promise]);
      clearTimeout(timer);
    },
  };
}

/** Those of a file that `…_HEADERS_FILE` named, too, which the exporter does not know of. */
const headersOf = (config: TracingConfig): Record<string, string> => ({
  ...parseKeyPairsIntoRecord(config.OTEL_EXPORTER_OTLP_HEADERS),
  ...parseKeyPairsIntoRecord(config.OTEL_EXPORTER_OTLP_TRACES_HEADERS),
});

function samplerOf({ OTEL_TRACES_SAMPLER: name, OTEL_TRACES_SAMPLER_ARG: share }: TracingConfig): Sampler {
  const root = name.endsWith('traceidratio')
    ? new TraceIdRatioBasedSampler(share)
    : name.endsWith('always_off')
      ? new AlwaysOffSampler()
      : new AlwaysOnSampler();
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

/** What the SDK has to say of its work: never more than a line a minute, and no reason to do anything else. */
function tellTroubles(log: Logger): void {
  let saidAtMs = Number.NEGATIVE_INFINITY;
  const tell = (reason: string): void => {
    if (performance.now() - saidAtMs < TELL_INTERVAL_MS) return;
    saidAtMs = performance.now();
    log.warn({ reason }, 'Spans could not be sent and are dropped; is the collector there?');
  };
  const ignore = (): void => undefined;
  diag.setLogger({ error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore });
  setGlobalErrorHandler((error) =>
    tell(typeof error === 'string' ? error : (error.message ?? String(error))),
  );
}
