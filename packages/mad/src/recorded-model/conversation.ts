import { PLAN_LEAD, type Turn } from '@mad-group/protocol';
import { z } from 'zod';

const Content = z
  .union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))])
  .nullish()
  .transform((content) =>
    typeof content === 'string' ? content : (content ?? []).map(({ text = '' }) => text).join(''),
  );

/** What is read of a request to the Chat Completions API. */
export const CompletionRequestSchema = z.object({
  model: z.string().default(''),
  stream: z.boolean().nullish(),
  messages: z.array(
    z.object({
      role: z.string(),
      content: Content,
      tool_calls: z.array(z.object({ id: z.string() })).nullish(),
    }),
  ),
  tools: z.array(z.object({ function: z.object({ name: z.string() }) })).nullish(),
  response_format: z.looseObject({}).nullish(),
});
export type CompletionRequest = z.infer<typeof CompletionRequestSchema>;

/** A request as the conversation that it goes on with. */
export type Conversation =
  | { readonly kind: 'plan'; readonly prompt: string }
  | {
      readonly kind: 'answer';
      /** What was asked, as it may have been put: with a plan behind it, and without. */
      readonly prompts: readonly string[];
      /** Earlier turns, oldest first. */
      readonly history: readonly Turn[];
      /** Names of the tools that are offered. */
      readonly tools: readonly string[];
      /** Ids of the calls of the rounds before, oldest first; empty in the first round. */
      readonly rounds: readonly (readonly string[])[];
      /** What the tools gave in these rounds, in the order of the calls. */
      readonly results: readonly (readonly string[])[];
    };

/** The conversation of a request; null where nobody asks anything. */
export function conversationOf({
  messages,
  tools,
  response_format: format,
}: CompletionRequest): Conversation | null {
  // Only plans are asked for in a format.
  if (format) {
    const first = messages.find(({ role }) => role === 'user');
    return first ? { kind: 'plan', prompt: first.content } : null;
  }
  const last = messages.findLastIndex(({ role }) => role === 'user');
  const asked = messages[last];
  if (!asked) return null;
  const said = messages.slice(0, last).filter(({ role }) => role === 'user' || role === 'assistant');
  const history: Turn[] = [];
  for (let index = 0; index + 1 < said.length; index += 2) {
    history.push({ prompt: said[index]?.content ?? '', response: said[index + 1]?.content ?? '' });
  }
  const rounds: string[][] = [];
  const results: string[][] = [];
  for (const { role, content, tool_calls: calls } of messages.slice(last + 1)) {
    if (role === 'assistant') {
      rounds.push((calls ?? []).map(({ id }) => id));
      results.push([]);
    } else if (role === 'tool') results.at(-1)?.push(content);
  }
  const plan = asked.content.indexOf(`\n\n${PLAN_LEAD}`);
  const prompts = plan < 0 ? [asked.content] : [asked.content, asked.content.slice(0, plan)];
  return {
    kind: 'answer',
    prompts,
    history,
    tools: (tools ?? []).map((tool) => tool.function.name),
    rounds,
    results,
  };
}
