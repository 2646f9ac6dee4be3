import { z } from 'zod';
import { url, whole } from '../config-fields.ts';

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** Of the standard opt-in; who says `true` means spans as well. */
const CONTENT_MODES = ['NO_CONTENT', 'SPAN_ONLY', 'EVENT_ONLY', 'SPAN_AND_EVENT', 'TRUE', 'FALSE'] as const;
const CONTENT_IN_SPANS: ReadonlySet<string> = new Set(['SPAN_ONLY', 'SPAN_AND_EVENT', 'TRUE']);

/** The specification asks to read such values whatever their case. */
const upperCase = (value: unknown): unknown =>
  typeof value === 'string' ? value.trim().toUpperCase() : value;
const protocol = () =>
  z.literal('http/protobuf', {
    error:
      'must be http/protobuf: spans go over HTTP, to port 4318 of a collector as a rule, not to its gRPC port 4317',
  });
const milliseconds = () => whole(1, 3_600_000);

/**
 * OpenTelemetry's own keys, as its specification names and means them: those that we read, and those
 * of the exporter and the resource, which the SDK reads itself, so that a bad value is told at the start.
 */
export const OTEL_KEYS = {
  OTEL_EXPORTER_OTLP_ENDPOINT: url('http:', 'https:')
    .optional()
    .describe(
      'Collector that spans go to, as `http://otel-collector:4318`; `/v1/traces` is appended. Without it, and without the next key, nothing is traced.',
    ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: url('http:', 'https:')
    .optional()
    .describe('The same for traces alone, taken as it is.'),
  OTEL_EXPORTER_OTLP_PROTOCOL: protocol().default('http/protobuf').describe('How spans are sent.'),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: protocol().optional().describe('The same for traces alone.'),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .optional()
    .describe('Headers of each export, as `authorization=Bearer%20…,x-tenant=…`.')
    .meta({ secret: true }),
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: z
    .string()
    .optional()
    .describe('The same for traces alone.')
    .meta({ secret: true }),
  OTEL_EXPORTER_OTLP_TIMEOUT: milliseconds()
    .default(10_000)
    .describe('Longest time of one export, its retries included, in ms.'),
  OTEL_EXPORTER_OTLP_COMPRESSION: z
    .enum(['none', 'gzip'], { error: 'must be none or gzip' })
    .default('none')
    .describe('Compression of exports.'),
  OTEL_TRACES_EXPORTER: z
    .enum(['otlp', 'none'], { error: 'must be otlp or none' })
    .default('otlp')
    .describe('`none` traces nothing, whatever the endpoint.'),
  OTEL_SDK_DISABLED: z
    .preprocess(upperCase, z.enum(['TRUE', 'FALSE'], { error: 'must be true or false' }))
    .default('FALSE')
    .describe('`true` traces nothing, whatever the endpoint.'),
  OTEL_SERVICE_NAME: z
    .string()
    .optional()
    .describe('Name of the service in traces; that of each MAD where absent.'),
  OTEL_RESOURCE_ATTRIBUTES: z
    .string()
    .optional()
    .describe('Further facts of the service, as `deployment.environment.name=prod,k8s.cluster.name=eu`.'),
  OTEL_TRACES_SAMPLER: z
    .enum(SAMPLERS, { error: `must be one of ${SAMPLERS.join(', ')}` })
    .default('parentbased_always_on')
    .describe('Which traces are kept. `parentbased_…` does as the caller did, where it sent a trace.'),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number({ error: 'must be a number from 0 to 1' })
    .min(0, 'must be a number from 0 to 1')
    .max(1, 'must be a number from 0 to 1')
    .default(1)
    .describe('Share of traces that `traceidratio` keeps.'),
  OTEL_BSP_SCHEDULE_DELAY: milliseconds()
    .default(5_000)
    .describe('Longest wait of a span before it is sent, in ms.'),
  OTEL_BSP_EXPORT_TIMEOUT: milliseconds()
    .default(30_000)
    .describe('An export is given up after so long, in ms.'),
  OTEL_BSP_MAX_QUEUE_SIZE: whole(1, 1_000_000)
    .default(2_048)
    .describe('Spans that wait to be sent; past it new ones are dropped.'),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: whole(1, 1_000_000).default(512).describe('Spans of one export.'),
  OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: whole(1, 10_000_000)
    .default(8_192)
    .describe('Longest text in a span, in characters; it is cut there.'),
  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: z
    .preprocess(upperCase, z.enum(CONTENT_MODES, { error: `must be one of ${CONTENT_MODES.join(', ')}` }))
    .default('NO_CONTENT')
    .describe(
      '`SPAN_ONLY` (as well `SPAN_AND_EVENT`, `true`) puts prompts, answers and what tools take and give into spans.',
    ),
};

type OtelConfig = Readonly<z.output<z.ZodObject<typeof OTEL_KEYS>>>;
/** What of the configuration tracing is about. */
export type TracingConfig = { readonly [Key in keyof OtelConfig]: OtelConfig[Key] };

/** Whether this configuration asks for traces. */
export const isTracingOn = (config: TracingConfig): boolean =>
  (config.OTEL_EXPORTER_OTLP_ENDPOINT ?? config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) !== undefined &&
  config.OTEL_TRACES_EXPORTER === 'otlp' &&
  config.OTEL_SDK_DISABLED === 'FALSE';

export const capturesContent = (config: TracingConfig): boolean =>
  CONTENT_IN_SPANS.has(config.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT);
