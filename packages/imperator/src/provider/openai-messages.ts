import type OpenAI from 'openai';
import type { ChatMessage, ToolSpec } from './provider.ts';

type OpenAiMessage = OpenAI.Chat.Completions.ChatCompletionMessageParam;
type OpenAiTool = OpenAI.Chat.Completions.ChatCompletionTool;

/** Our messages in the shape of the Chat Completions API. */
export function toOpenAiMessage(message: ChatMessage): OpenAiMessage {
  if (message.role === 'tool') {
    return { role: 'tool', tool_call_id: message.toolCallId, content: message.content };
  }
  if (message.role !== 'assistant') return { role: message.role, content: message.content };
  if (!message.toolCalls?.length) return { role: 'assistant', content: message.content };
  return {
    role: 'assistant',
    // An empty text beside tool calls is refused by some servers; null is what the API itself sends.
    content: message.content === '' ? null : message.content,
    tool_calls: message.toolCalls.map((call) => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: call.arguments },
    })),
  };
}

export const toOpenAiTool = (tool: ToolSpec): OpenAiTool => ({
  type: 'function',
  function: { name: tool.name, description: tool.description, parameters: tool.parameters },
});

const NO_TOOLS_NOTE =
  'You have no tools in this conversation. Where a question needs state that you would have to look up, say that you cannot see it.';

/** The same conversation for a model that takes no tools: it is told so, and must not guess. */
export function withoutTools(messages: readonly ChatMessage[]): ChatMessage[] {
  return messages.map((message, index) =>
    index === 0 && message.role === 'system'
      ? { role: 'system', content: `${message.content}\n\n${NO_TOOLS_NOTE}` }
      : message,
  );
}
