import type { z } from 'zod';
import type { Caller, Scope } from './caller.ts';
import type { Logger } from './logger.ts';

/** A client's open WebSocket, for tools that push to it later. */
export interface ClientConnection {
  /** Unique in the process. */
  readonly id: string;
  /** Sends one JSON frame; false where the connection is gone. */
  send(frame: Record<string, unknown>): boolean;
  /** The same for a frame that is JSON text already, so that one text serves many connections. */
  sendText(json: string): boolean;
  /** Bytes accepted by `send` and not yet handed to the network. */
  bufferedBytes(): number;
  /** Closes with a WebSocket close code (RFC 6455, section 7.4). */
  close(code: number, reason: string): void;
  /** Calls back once when the connection is gone. */
  onClose(listener: () => void): void;
}

export interface ToolContext {
  readonly caller: Caller;
  readonly correlationId: string;
  /** Carries `correlation_id` on every line. */
  readonly log: Logger;
  /** Aborted when the caller goes away or the MAD stops. */
  readonly signal: AbortSignal;
  /** Tells a waiting caller about a piece of the answer, where the surface can. */
  readonly progress?: ((text: string) => void) | undefined;
  /** The caller's WebSocket, where it called over one. */
  readonly connection?: ClientConnection | undefined;
}

/** A tool: declared once, served on every surface (WebSocket, MCP, the bus, the command line). */
export interface ToolDefinition<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodObject = z.ZodObject,
> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Input;
  /** Shape of the reply. A tool that says no throws a `MadError`. */
  readonly output: Output;
  /** Changes nothing. Only such tools are offered to an Imperator. */
  readonly readOnly: boolean;
  /** Running it again with the same input changes nothing more. Default: `readOnly`. */
  readonly idempotent?: boolean;
  /** May destroy what cannot be brought back. Default: false. */
  readonly destructive?: boolean;
  readonly scope: Scope;
  /** The words for a required field that is missing or empty. Default: `'{field}' is required.` */
  readonly missing?: string;
  handle(input: z.output<Input>, context: ToolContext): Promise<z.input<Output>> | z.input<Output>;
}

/** Types a tool from its schemas. The result is the definition itself. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  definition: ToolDefinition<Input, Output>,
): ToolDefinition {
  return definition as unknown as ToolDefinition;
}

/** State that MCP clients read by address. */
export interface ResourceDefinition {
  /** `mad://rogers/stats`, or a template (RFC 6570): `mad://fiedler/tasks/{id}`. */
  readonly uri: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly scope: Scope;
  /** The state as JSON. Throws `MadError('not_found', …)` where there is none. */
  read(variables: Readonly<Record<string, string>>, context: ToolContext): Promise<object> | object;
}

/** A prompt that MCP clients offer their users. */
export interface PromptDefinition {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Strings only: MCP gives a prompt's arguments as text. */
  readonly arguments: z.ZodObject;
  render(values: Readonly<Record<string, string>>): string;
}
