import {
  createImperator,
  createOpenAiProvider,
  createPlanMaker,
  FIEDLER_TRIGGERS,
  type ImperatorTool,
  type Provider,
  type ProviderEvent,
} from '@mad-group/imperator';
import {
  LOCAL_CALLER,
  MadError,
  type Planner,
  type RecordedTask,
  silentLogger,
  type Thought,
} from '@mad-group/protocol';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { startModelServer } from '../../packages/mad/src/recorded-model/model-server.ts';
import { createRecordedModel } from '../../packages/mad/src/recorded-model/recorded-model.ts';
import { recordedTask } from '../../packages/mad/src/recorded-model/recording.test-support.ts';

const REFUSAL = 'The model provider refused the request: 400 no plans today.';
const isBroken = (prompt: string): boolean => prompt.includes('broken');
/** Makes plans except for what is broken. */
const planner: Planner = {
  async plan(prompt) {
    if (isBroken(prompt)) throw new MadError('provider_rejected', REFUSAL);
    return { plan: [{ step_number: 1, title: 'Plan', description: `For ${prompt.trim()}.` }] };
  },
};
const tools: ImperatorTool[] = ['look', 'fail'].map((name) => ({
  name,
  description: name,
  input: z.looseObject({}),
  readOnly: true,
  run: (input) => {
    if (name === 'fail') throw new MadError('not_found', 'Nothing is there.');
    return { seen: input };
  },
}));

interface Outcome {
  readonly thoughts: Thought[];
  readonly error: { code: string; message: string; stack_trace: null } | null;
}

/** One attempt of a task, as the runner makes it: neighbouring tokens are joined as `joins` says. */
export async function think(
  provider: Provider,
  prompt: string,
  options: { planner?: Planner; history?: { prompt: string; response: string }[]; signal?: AbortSignal } = {},
): Promise<Outcome> {
  const imperator = createImperator({
    contextFile: '# Test',
    provider,
    tools,
    triggers: FIEDLER_TRIGGERS,
    planner: options.planner ?? planner,
    log: silentLogger,
  });
  const thoughts: Thought[] = [];
  const request = {
    taskId: 't',
    prompt,
    history: options.history ?? [],
    caller: LOCAL_CALLER,
    correlationId: 'c',
  };
  try {
    for await (const thought of imperator.think(request, options.signal ?? new AbortController().signal)) {
      thoughts.push(thought);
    }
    return { thoughts, error: null };
  } catch (error) {
    options.signal?.throwIfAborted();
    const { code, message } = error as MadError;
    return { thoughts, error: { code, message, stack_trace: null } };
  }
}

/** The same thoughts, however their tokens were grouped. */
export function joined(thoughts: readonly Thought[], joins: () => boolean = () => true): Thought[] {
  const out: Thought[] = [];
  for (const thought of thoughts) {
    const last = out.at(-1);
    if (thought.type === 'token' && last?.type === 'token' && joins()) {
      out.splice(-1, 1, { type: 'token', token: last.token + thought.token });
    } else out.push(thought);
  }
  return out;
}

export const taskOf = ({ thoughts, error }: Outcome, prompt: string, given = {}): RecordedTask =>
  recordedTask(thoughts, { prompt, ...(error ? { status: 'FAILED', error_details: error } : {}), ...given });

/** Provider and planner that ask the recorded model over HTTP. */
export async function replayed(tasks: readonly RecordedTask[], timeoutMs = 5_000) {
  const refused: string[] = [];
  const server = await startModelServer({
    model: createRecordedModel(tasks),
    host: '127.0.0.1',
    port: 0,
    onUnknown: (reason, prompt) => refused.push(`${prompt}: ${reason}`),
  });
  const stop = () => server.stop();
  onTestFinished(stop);
  const provider = providerAt(server.baseUrl, timeoutMs);
  return {
    provider,
    planner: createPlanMaker({ provider, log: silentLogger }),
    refused,
    baseUrl: server.baseUrl,
    /** Else it ends with the test. */
    stop,
  };
}

export const providerAt = (baseUrl: string, timeoutMs = 5_000): Provider =>
  createOpenAiProvider({ baseUrl, model: 'm', log: silentLogger, timeoutMs, retry: { maxRetries: 0 } });

interface ScriptedRound {
  readonly texts: readonly string[];
  readonly calls: readonly { readonly name: string; readonly arguments: Readonly<Record<string, unknown>> }[];
}

/** A model that says these rounds, and ends with an error where one is given. */
export function scriptedProvider(rounds: readonly ScriptedRound[], error: MadError | null): Provider {
  let asked = 0;
  return {
    name: 'scripted',
    completeJson: () => Promise.reject(new Error('not asked for')),
    async *stream(): AsyncGenerator<ProviderEvent> {
      const { texts, calls } = rounds[asked] ?? { texts: [], calls: [] };
      asked += 1;
      for (const text of texts) yield { type: 'token', token: text };
      if (error && asked === rounds.length) throw error;
      const made = calls.map((each, index) => ({
        id: `call-${asked}-${index}`,
        name: each.name,
        arguments: JSON.stringify(each.arguments),
      }));
      if (made.length > 0) yield { type: 'tool_calls', calls: made };
      yield { type: 'end', reason: made.length > 0 ? 'tool_calls' : 'stop' };
    },
  };
}
