import { z } from 'zod';
import { rules } from './cel.ts';
import { egress, matching, secretRef } from './fields.ts';

/** The collector that every MAD traces to. */
export const TracingSchema = z
  .strictObject({
    endpoint: matching(
      /^https?:\/\/[^\s/]+(\/\S*)?$/,
      2048,
      'must be the URL of a collector that takes OTLP over HTTP, with its scheme: write http://otel-collector.monitoring:4318, say',
    )
      .exactOptional()
      .describe('Collector that takes OTLP over HTTP. Without it nothing is traced.'),
    headersSecretRef: secretRef('headers')
      .exactOptional()
      .describe('Where the headers are that it asks for, as `authorization=Bearer%20…,x-tenant=…`.'),
    egress: egress('the collector').describe('Where the NetworkPolicies let the traces go.'),
  })
  .meta(
    rules({
      rule: 'has(self.endpoint) || !(has(self.headersSecretRef) || has(self.egress))',
      message: 'headersSecretRef and egress are of a collector: set endpoint, or remove them',
      fieldPath: '.endpoint',
    }),
  )
  .describe('Traces of OpenTelemetry.');
