import type { CircuitStatus } from './circuit.ts';

/** A call of a tool that the model asks for. `arguments` is the model's JSON, not yet parsed. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export type ChatMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls?: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly toolCallId: string; readonly content: string };

/** A tool as the model sees it. `parameters` is a JSON schema. */
export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  readonly parameters: Record<string, unknown>;
}

export interface StreamRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ToolSpec[];
  /** Ends the HTTP request at once. */
  readonly signal: AbortSignal;
  readonly correlationId: string;
  /** Longest answer, in the model's tokens. The provider's own limit where absent. */
  readonly maxTokens?: number | undefined;
  /** When whoever asks stops waiting, in milliseconds since 1970. */
  readonly deadlineMs?: number | undefined;
}

export interface JsonRequest {
  readonly system: string;
  readonly prompt: string;
  /** Exchanges after the prompt, for a repair. */
  readonly followUp?: readonly ChatMessage[];
  /** JSON schema of the answer; `name` is what providers want to call it. */
  readonly schema: { readonly name: string; readonly schema: Record<string, unknown> };
  readonly signal: AbortSignal;
  readonly correlationId: string;
  readonly maxTokens?: number | undefined;
}

export type ProviderEvent =
  | { readonly type: 'token'; readonly token: string }
  | { readonly type: 'tool_calls'; readonly calls: readonly ToolCall[] }
  /** Always the last. `length`: the answer was cut at the limit of output tokens. */
  | { readonly type: 'end'; readonly reason: 'stop' | 'length' | 'tool_calls' };

/** Whoever runs the model. Errors are MadErrors with a `provider_*` code, or the signal's reason. */
export interface Provider {
  /** As people read it: `openai gpt-4o-mini`. */
  readonly name: string;
  /** One answer of the model. Retries inside, until the first event is out. */
  stream(request: StreamRequest): AsyncIterable<ProviderEvent>;
  /** One answer as the text of a JSON document; whether it fits the schema is for the caller to check. */
  completeJson(request: JsonRequest): Promise<string>;
  /** Whether it is there; absent where nobody watches that. */
  circuit?(): CircuitStatus;
}
