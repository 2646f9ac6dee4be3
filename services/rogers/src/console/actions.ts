import { randomUUID } from 'node:crypto';
import type { BusToolClient, PageContext } from '@mad-group/mad';
import {
  type Caller,
  CONSOLE_READ_PREFIX,
  type ConsoleCall,
  createEnvelope,
  type Envelope,
  hasScope,
  type Logger,
  MadError,
  type Position,
  type Scope,
  throwErrorReply,
  topicChannel,
} from '@mad-group/protocol';
import type { TrafficStore } from '../traffic-store.ts';

/** Tools that the console may call, with the scope that each needs. Those that act are on the record. */
const READS: Scope = 'read';
const ACTS: Scope = 'converse';

const taskTools = (mad: string): [string, Scope][] => [
  [`${mad}_converse`, ACTS],
  [`${mad}_cancel_task`, ACTS],
  [`${mad}_list_tasks`, READS],
  [`${mad}_get_task_status`, READS],
  [`${mad}_get_task_events`, READS],
];
const TOOLS: ReadonlyMap<string, ReadonlyMap<string, Scope>> = new Map([
  ['fiedler', new Map(taskTools('fiedler'))],
  [
    'rogers',
    new Map([...taskTools('rogers'), ['rogers_get_connections', READS], ['rogers_get_stats', READS]] as [
      string,
      Scope,
    ][]),
  ],
]);
/** How long a record waits for a bus that is away, in milliseconds; it is in the log at once. */
const AUDIT_MS = 60_000;
/** Every MAD has it. */
const STATUS_TOOL = 'mad_get_status';

export interface ActionOptions {
  readonly ownId: string;
  readonly bus: { publish(envelope: Envelope, options?: { timeoutMs?: number }): Promise<Position> };
  readonly others: Pick<BusToolClient, 'call'>;
  readonly store: Pick<TrafficStore, 'connections'>;
  readonly log: Logger;
}

/**
 * Calls a tool for the console, as the caller who looks at it: Rogers' own at once, another MAD's
 * over the bus with the caller's name and scopes. So a task that is made here is the caller's, and a
 * MAD refuses what the caller may not do.
 *
 * @throws MadError what the tool says; `unknown_tool` for tools that the console does not use;
 *   `forbidden`, before anything is sent
 */
export type CallTool = (
  call: ConsoleCall,
  caller: Caller,
  context: PageContext,
  signal: AbortSignal,
) => Promise<Record<string, unknown>>;

export function createActions({ ownId, bus, others, store, log }: ActionOptions): CallTool {
  function scopeOf({ mad, tool_name: tool }: ConsoleCall): Scope {
    if (tool === STATUS_TOOL) {
      if (mad === ownId || store.connections().some(({ mad_id }) => mad_id === mad)) return READS;
      throw new MadError('not_found', `No MAD '${mad}' was seen on the bus.`);
    }
    const scope = TOOLS.get(mad)?.get(tool);
    if (scope === undefined)
      throw new MadError('unknown_tool', `The console does not call '${tool}' of '${mad}'.`);
    return scope;
  }

  /** Who did what, in the log and on the bus. The prompt itself is the caller's own. */
  async function record(call: ConsoleCall, caller: Caller, outcome: string, taskId: unknown): Promise<void> {
    const correlationId = call.tool_input.correlation_id;
    const facts = {
      event: 'console_action',
      caller: caller.name,
      mad: call.mad,
      tool: call.tool_name,
      outcome,
      ...(typeof taskId === 'string' ? { task_id: taskId } : {}),
    };
    log.info({ ...facts, correlation_id: correlationId }, 'Console action');
    const envelope = createEnvelope({
      channel: topicChannel('audit'),
      senderId: ownId,
      payload: facts,
      correlationId: typeof correlationId === 'string' ? correlationId : undefined,
    });
    await bus.publish(envelope, { timeoutMs: AUDIT_MS }).catch((error: Error) => {
      log.warn({ ...facts, reason: error.message }, 'A console action is not on the audit channel');
    });
  }

  async function run(
    call: ConsoleCall,
    scope: Scope,
    caller: Caller,
    context: PageContext,
    signal: AbortSignal,
  ) {
    const { mad, tool_name: toolName, tool_input: toolInput } = call;
    if (mad === ownId) {
      const { reply } = await context.call({ caller, toolName, toolInput, signals: [signal] });
      return throwErrorReply(reply as Record<string, unknown>);
    }
    const correlationId = correlationIdOf(toolInput, scope);
    return context.callElsewhere(toolName, caller, () =>
      others.call(mad, toolName, toolInput, {
        caller,
        signal,
        ...(correlationId === undefined ? {} : { correlationId }),
      }),
    );
  }

  return async (call, caller, context, signal) => {
    const scope = scopeOf(call);
    if (!hasScope(caller, scope)) {
      const has = [...caller.scopes].join(', ') || 'none';
      const words = `'${call.tool_name}' needs the scope '${scope}'; '${caller.name}' has: ${has}.`;
      throw new MadError('forbidden', words);
    }
    if (scope === READS) return run(call, scope, caller, context, signal);
    try {
      const reply = await run(call, scope, caller, context, signal);
      void record(call, caller, 'ok', reply.task_id);
      return reply;
    } catch (error) {
      const outcome = error instanceof MadError ? error.code : 'internal';
      void record(call, caller, outcome, call.tool_input.task_id);
      throw error;
    }
  };
}

/** That of the call; else one by which who watches the bus tells a look from what Rogers has to say of its own. */
function correlationIdOf(input: ConsoleCall['tool_input'], scope: Scope): string | undefined {
  const given = input.correlation_id;
  if (typeof given === 'string' && given !== '') return given;
  return scope === READS ? `${CONSOLE_READ_PREFIX}${randomUUID()}` : undefined;
}
