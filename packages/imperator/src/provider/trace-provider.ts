import {
  type Attributes,
  currentTracing,
  inSpan,
  type Span,
  SpanKind,
  type SpanSpec,
  streamInSpan,
} from '@mad-group/protocol/tracing';
import type {
  ChatMessage,
  JsonRequest,
  Provider,
  ProviderEvent,
  StreamRequest,
  ToolCall,
} from './provider.ts';

export interface TracedModel {
  readonly model: string;
  /** Of the provider. */
  readonly baseUrl: string;
}

/**
 * The same provider, with each answer a span that covers all its tries (OpenTelemetry's conventions
 * for generative AI: inference, OpenAI). What was asked and said is in it only where that is wanted.
 */
export function traceProvider(provider: Provider, { model, baseUrl }: TracedModel): Provider {
  const { hostname, port, protocol } = new URL(baseUrl);

  const chatSpan = (maxTokens: number | undefined, more: Attributes): SpanSpec => ({
    name: `chat ${model}`,
    kind: SpanKind.CLIENT,
    attributes: {
      'gen_ai.operation.name': 'chat',
      // Which client it is, not whose model: others serve the same API.
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': model,
      'gen_ai.request.stream': true,
      ...(maxTokens === undefined ? {} : { 'gen_ai.request.max_tokens': maxTokens }),
      'server.address': hostname,
      'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
      ...more,
    },
  });

  return {
    ...provider,
    stream: (request) =>
      streamInSpan(chatSpan(request.maxTokens, content(request.messages)), (span) =>
        heard(provider.stream(request), span),
      ),
    completeJson: (request) =>
      inSpan(
        chatSpan(request.maxTokens, { 'gen_ai.output.type': 'json', ...content(asked(request)) }),
        async (span) => {
          const text = await provider.completeJson(request);
          span.setAttributes(answer(text, []));
          return text;
        },
      ),
  };
}

/** The events as they are; what they were together is kept where content is wanted. */
async function* heard(events: AsyncIterable<ProviderEvent>, span: Span): AsyncGenerator<ProviderEvent> {
  if (!currentTracing()?.capturesContent) {
    yield* events;
    return;
  }
  let text = '';
  let calls: readonly ToolCall[] = [];
  for await (const event of events) {
    if (event.type === 'token') text += event.token;
    else if (event.type === 'tool_calls') calls = event.calls;
    yield event;
  }
  span.setAttributes(answer(text, calls));
}

const asked = ({ system, prompt, followUp = [] }: JsonRequest): StreamRequest['messages'] => [
  { role: 'system', content: system },
  { role: 'user', content: prompt },
  ...followUp,
];

const content = (messages: readonly ChatMessage[]): Attributes =>
  currentTracing()?.capturesContent
    ? { 'gen_ai.input.messages': JSON.stringify(messages.map(toMessage)) }
    : {};

const answer = (text: string, calls: readonly ToolCall[]): Attributes =>
  currentTracing()?.capturesContent
    ? {
        'gen_ai.output.messages': JSON.stringify([
          toMessage({ role: 'assistant', content: text, toolCalls: calls }),
        ]),
      }
    : {};

/** A message in the shape of the conventions' `gen-ai-input-messages.json`. */
function toMessage(message: ChatMessage): { role: string; parts: object[] } {
  const { role } = message;
  if (message.role === 'tool') {
    return {
      role,
      parts: [{ type: 'tool_call_response', id: message.toolCallId, response: message.content }],
    };
  }
  const said = message.content === '' ? [] : [{ type: 'text', content: message.content }];
  if (message.role !== 'assistant') return { role, parts: said };
  const calls = (message.toolCalls ?? []).map((call) => ({ type: 'tool_call', ...call }));
  return { role, parts: [...said, ...calls] };
}
