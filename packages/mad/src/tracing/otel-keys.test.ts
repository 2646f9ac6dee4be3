import { describe, expect, test } from 'vitest';
import { loadConfig } from '../config.ts';
import { capturesContent, isTracingOn } from './otel-keys.ts';

const COLLECTOR = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel-collector:4318' };

describe('tracing', () => {
  test.each([
    [{}, false],
    [COLLECTOR, true],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example/v1/traces' }, true],
    [{ ...COLLECTOR, OTEL_SDK_DISABLED: 'TRUE' }, false],
    [{ ...COLLECTOR, OTEL_TRACES_EXPORTER: 'none' }, false],
    [{ OTEL_SERVICE_NAME: 'mine', OTEL_TRACES_SAMPLER: 'always_on' }, false],
  ])('with %j is %s', (env, on) => {
    expect(isTracingOn(loadConfig(env))).toBe(on);
  });

  test.each([
    [undefined, false],
    ['NO_CONTENT', false],
    ['false', false],
    ['EVENT_ONLY', false],
    ['SPAN_ONLY', true],
    ['span_and_event', true],
    ['true', true],
  ])('with content %s takes what was said: %s', (value, takes) => {
    const config = loadConfig({ OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: value });
    expect(capturesContent(config)).toBe(takes);
  });

  test('names every key that is not right, and no secret among them', () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'otel-collector:4318',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_TRACES_SAMPLER_ARG: '2',
      OTEL_BSP_MAX_QUEUE_SIZE: 'many',
      OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'perhaps',
    };
    expect(() => loadConfig(env)).toThrow(
      new RegExp(
        [
          'OTEL_EXPORTER_OTLP_ENDPOINT must be a URL that begins with http:// or https://',
          "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf: .* \\(it is 'grpc'\\)",
          'OTEL_TRACES_SAMPLER must be one of always_on',
          'OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1',
          'OTEL_BSP_MAX_QUEUE_SIZE must be a whole number',
          'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT must be one of NO_CONTENT',
        ].join('[^]*'),
      ),
    );
  });
});
