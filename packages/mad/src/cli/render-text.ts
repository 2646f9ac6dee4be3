import { AskOutput, PerformSequentialThinkingOutput } from '@mad-group/protocol';
import type { ToolReply } from '../client/tool-client.ts';
import { type CliIo, forTerminal, stdoutColors } from './io.ts';

type Renderer = (reply: ToolReply, io: CliIo) => string | null;

const RENDERERS: readonly (readonly [RegExp, Renderer])[] = [
  [/_ask$/, answer],
  [/^perform_sequential_thinking$/, plan],
];

/** The reply as words to read, or null where this tool has none or the reply is of another shape. */
export function renderText(tool: string, reply: ToolReply, io: CliIo): string | null {
  const renderer = RENDERERS.find(([pattern]) => pattern.test(tool))?.[1];
  return renderer ? renderer(reply, io) : null;
}

function answer(reply: ToolReply, io: CliIo): string | null {
  const asked = AskOutput.safeParse(reply).data;
  if (!asked) return null;
  const facts = `task ${asked.task_id}, conversation ${asked.conversation_id}`;
  return `${forTerminal(asked.response)}\n\n${stdoutColors(io).dim(facts)}\n`;
}

function plan(reply: ToolReply, io: CliIo): string | null {
  const steps = PerformSequentialThinkingOutput.safeParse(reply).data?.result.plan;
  if (!steps) return null;
  const { bold } = stdoutColors(io);
  const lines = steps.map(
    ({ step_number, title, description }) =>
      `${bold(`${step_number}. ${forTerminal(title)}`)}\n   ${forTerminal(description)}\n`,
  );
  return lines.join('');
}
