import { createMemoryBus } from '@mad-group/bus';
import { createCallers, createMad, createMetrics, loadConfig, type PlannerClient } from '@mad-group/mad';
import { type ConsoleFrame, createEnvelope, defineTool, type Envelope } from '@mad-group/protocol';
import { recordingLog } from '@mad-group/protocol/testing';
import { onTestFinished } from 'vitest';
import { z } from 'zod';
import { createRogers } from '../create-rogers.ts';
import { temporaryFolder } from '../testing/test-database.ts';

const TOKENS = `
alice alice-has-a-long-token read,converse
bob   bob-has-a-long-token-too read
pub   pub-has-a-long-token-too publish
root  root-has-a-long-token-too admin
`;
const TOKEN = {
  alice: 'alice-has-a-long-token',
  bob: 'bob-has-a-long-token-too',
  pub: 'pub-has-a-long-token-too',
  root: 'root-has-a-long-token-too',
};
export type Name = keyof typeof TOKEN;

const planner: PlannerClient = {
  start: async () => undefined,
  stop: async () => undefined,
  connected: () => true,
  plan: async () => ({ plan: [{ step_number: 1, title: 'One', description: 'Do it.' }] }),
};

/** Stands for Fiedler: says who asked it. */
const fiedlerTool = (name: string, scope: 'read' | 'converse') =>
  defineTool({
    name,
    title: name,
    description: name,
    input: z.object({ task_id: z.string().optional() }),
    output: z.object({ status: z.literal('success'), task_id: z.string(), caller: z.string() }),
    readOnly: scope === 'read',
    scope,
    handle: ({ task_id = 'none' }, { caller }) => ({
      status: 'success' as const,
      task_id,
      caller: caller.name,
    }),
  });

/** Rogers with its console, and a Fiedler that says who asked, on a memory bus. */
export async function startConsole({ tokens = TOKENS }: { tokens?: string | undefined } = {}) {
  const { log, lines } = recordingLog();
  const bus = createMemoryBus();
  await bus.start();
  const config = loadConfig({ ROGERS_PORT: '0', DATA_DIR: temporaryFolder() });
  let known = true;
  const real = createCallers({ host: config.HOST, auth: 'on', tokens: tokens || undefined, log });
  const callers = {
    ...real,
    authenticate: (authorization: string | undefined) => real.authenticate(known ? authorization : undefined),
  };
  const metrics = createMetrics({ processMetrics: false });
  const rogers = await createRogers({ config, bus, log, metrics, callers, provider: null, planner });
  const fiedler = createMad({
    id: 'fiedler',
    title: 'FiedlerV1',
    version: '1',
    host: '127.0.0.1',
    port: 0,
    portKey: 'FIEDLER_PORT',
    tools: [fiedlerTool('fiedler_cancel_task', 'converse'), fiedlerTool('fiedler_list_tasks', 'read')],
    bus,
    callers,
    allowedHosts: [],
    allowedOrigins: [],
    log,
    metrics,
  });
  await rogers.start();
  await fiedler.start();
  onTestFinished(async () => {
    await rogers.stop({ deadlineMs: 500 });
    await fiedler.stop({ deadlineMs: 500 });
    await bus.stop();
  });
  const base = `http://127.0.0.1:${rogers.port}/console`;
  const headers = (name: Name | null): Record<string, string> =>
    name === null ? {} : { authorization: `Bearer ${TOKEN[name]}` };

  return {
    bus,
    rogers,
    lines,
    metrics,
    base,
    headers,
    forgetTokens: () => {
      known = false;
    },
    publish: (text: string, draft: Partial<Parameters<typeof createEnvelope>[0]> = {}) =>
      bus.publish(
        createEnvelope({ senderId: 'tester', channel: 'mad.topic.x', payload: { text }, ...draft }),
      ),
    get: (path: string, name: Name | null = 'alice') => fetch(`${base}/${path}`, { headers: headers(name) }),
    async call(name: Name | null, mad: string, tool: string, input: object = {}) {
      const response = await fetch(`${base}/api/call`, {
        method: 'POST',
        headers: { ...headers(name), 'content-type': 'application/json' },
        body: JSON.stringify({ mad, tool_name: tool, tool_input: input }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    /** Opens a response of lines and gathers them as they come. */
    async open(path: string, name: Name | null = 'alice') {
      const abort = new AbortController();
      const response = await fetch(`${base}/${path}`, { headers: headers(name), signal: abort.signal });
      const frames: ConsoleFrame[] = [];
      const ended = gather(response, frames).catch(() => undefined);
      onTestFinished(() => abort.abort());
      return {
        status: response.status,
        frames,
        ended,
        close: () => abort.abort(),
        messages: () => frames.flatMap((frame) => (frame.type === 'message' ? [frame.message] : [])),
        texts: () =>
          frames.flatMap((frame) =>
            frame.type === 'message' && frame.message.sender_id === 'tester'
              ? [String(frame.message.payload?.text)]
              : [],
          ),
        /** The newest position that was told. */
        position: () => {
          const last = frames.findLast((frame) => frame.type === 'position');
          return last?.type === 'position' ? last.position : undefined;
        },
      };
    },
    /** What was said on these channels so far. */
    async said(pattern: string): Promise<Envelope[]> {
      const { items } = await bus.readOnce({ from: 'start', patterns: () => [pattern], maxBatch: 10_000 });
      return items.flatMap((item) => (item.kind === 'message' ? [item.envelope] : []));
    },
  };
}

async function gather(response: Response, frames: ConsoleFrame[]): Promise<void> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() as string;
    for (const line of lines) frames.push(JSON.parse(line));
  }
}
