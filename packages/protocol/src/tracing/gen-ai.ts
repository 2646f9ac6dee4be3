// Spans as OpenTelemetry's semantic conventions for generative AI name them (semantic-conventions-genai,
// in development: docs/tracing.md says of which day).
import { type Attributes, SpanKind } from '@opentelemetry/api';
import type { SpanSpec } from './spans.ts';
import { currentTracing } from './tracing.ts';

/** A tool that runs. Without a name it is one that nobody declared. */
export const toolSpan = (tool: string | undefined, kind: SpanKind = SpanKind.INTERNAL): SpanSpec => ({
  name: tool === undefined ? 'execute_tool' : `execute_tool ${tool}`,
  kind,
  attributes: {
    'gen_ai.operation.name': 'execute_tool',
    ...(tool === undefined ? {} : { 'gen_ai.tool.name': tool, 'gen_ai.tool.type': 'function' }),
  },
});

/** A Thought Engine at work: for an agent's run, or where it makes a plan. */
export const agentSpan = (operation: 'invoke_agent' | 'plan', agent: string): SpanSpec => ({
  name: `${operation} ${agent}`,
  kind: SpanKind.INTERNAL,
  attributes: { 'gen_ai.operation.name': operation, 'gen_ai.agent.name': agent },
});

/** What a tool took and gave, where content is wanted in spans; else nothing. */
export const toolContent = (input: unknown, result: unknown): Attributes =>
  currentTracing()?.capturesContent
    ? {
        'gen_ai.tool.call.arguments': textOf(input),
        'gen_ai.tool.call.result': textOf(result),
      }
    : {};

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
