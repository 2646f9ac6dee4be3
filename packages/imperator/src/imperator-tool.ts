import { type Caller, type Logger, parseToolInput, type ToolDefinition } from '@mad-group/protocol';
import { z } from 'zod';
import type { ToolSpec } from './provider/provider.ts';

export interface ImperatorToolContext {
  /** With whose eyes the tool reads. */
  readonly caller: Caller;
  readonly correlationId: string;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** A tool as the model sees it. It reads and never acts. */
export interface ImperatorTool {
  /** As the model calls it: `get_task_status`. */
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodObject;
  /** Anything but true is refused when the Imperator is built. */
  readonly readOnly: boolean;
  /** Gives JSON. A thrown MadError goes to the model as data. */
  run(input: Record<string, unknown>, context: ImperatorToolContext): Promise<unknown> | unknown;
}

export interface LendOptions {
  /** The model's name for it. Default: the tool's own. */
  readonly name?: string;
  readonly description?: string;
  /** The model's fields, where they differ from the tool's. */
  readonly input?: z.ZodObject;
  /** From the model's fields to the tool's. Default: as they are. */
  readonly toInput?: (input: Record<string, unknown>) => Record<string, unknown>;
}

/**
 * A MAD's own tool for its Imperator, under the name and with the fields that the model knows.
 *
 * @throws TypeError where the tool does more than read
 */
export function lendTool(tool: ToolDefinition, options: LendOptions = {}): ImperatorTool {
  const { name = tool.name, description = tool.description, input, toInput } = options;
  const lent: ImperatorTool = {
    name,
    description,
    input: input ?? withoutCorrelationId(tool.input),
    readOnly: tool.readOnly,
    run: (given, context) =>
      tool.handle(parseToolInput(tool, toInput ? toInput(given) : given), context) as Promise<unknown>,
  };
  assertReadOnly([lent]);
  return lent;
}

/** @throws TypeError that names a tool that acts, or a name that is there twice */
export function assertReadOnly(tools: readonly ImperatorTool[]): void {
  const acting = tools.find((tool) => tool.readOnly !== true);
  if (acting) throw new TypeError(`'${acting.name}' acts; an Imperator is only given tools that read.`);
  const names = tools.map((tool) => tool.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw new TypeError(`An Imperator has two tools named '${twice}'.`);
}

/** What is sent to the model of a tool. */
export function toToolSpec(tool: Pick<ImperatorTool, 'name' | 'description' | 'input'>): ToolSpec {
  const { $schema: _, ...parameters } = z.toJSONSchema(tool.input, { io: 'input' });
  return { name: tool.name, description: tool.description, parameters };
}

/** The correlation id goes along by itself: it is nothing that a model should choose. */
function withoutCorrelationId(input: z.ZodObject): z.ZodObject {
  return 'correlation_id' in input.shape ? input.omit({ correlation_id: true }) : input;
}
