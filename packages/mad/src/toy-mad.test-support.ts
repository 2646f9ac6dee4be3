import type { Bus } from '@mad-group/bus';
import { defineTool, flag, integer, MadError, type ToolDefinition, text } from '@mad-group/protocol';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { Callers } from './callers/callers.ts';
import { createCallers } from './callers/create-callers.ts';
import { createMad } from './create-mad.ts';
import { createLog } from './log.ts';
import type { Mad, MadOptions } from './mad-types.ts';
import { createMetrics, type MadMetrics } from './metrics.ts';

const Success = z.literal('success');

/** Says back what it was told, after a while where asked. */
export const echoTool = defineTool({
  name: 'toy_echo',
  title: 'Echo',
  description: 'Says the text back.',
  input: z.object({
    text: text(2_000_000),
    delay_ms: integer(0, 10_000).optional(),
    shout: flag().optional(),
  }),
  output: z.object({ status: Success, text: z.string(), caller: z.string() }),
  readOnly: true,
  scope: 'read',
  missing: "'text' is required.",
  async handle(input, { caller, signal }) {
    await wait(input.delay_ms ?? 0, signal);
    return {
      status: 'success' as const,
      text: input.shout ? input.text.toUpperCase() : input.text,
      caller: caller.name,
    };
  },
});

/** Counts up, a step at a time, as an answer that streams. */
export const countTool = defineTool({
  name: 'toy_count',
  title: 'Count',
  description: 'Counts and tells each number as progress.',
  input: z.object({ to: integer(1, 100) }),
  output: z.object({ status: Success, total: z.number() }),
  readOnly: false,
  scope: 'converse',
  handle({ to }, { progress }) {
    for (let number = 1; number <= to; number += 1) progress?.(`${number} `);
    return { status: 'success' as const, total: to };
  },
});

/** Never answers by itself; says when it began, and when its caller went away. */
export const hangTool = (onAbort: () => void, onBegin: () => void = () => undefined): ToolDefinition =>
  defineTool({
    name: 'toy_hang',
    title: 'Hang',
    description: 'Waits until the caller goes away.',
    input: z.object({}),
    output: z.object({ status: Success }),
    readOnly: true,
    scope: 'read',
    async handle(_input, { signal }) {
      onBegin();
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          onAbort();
          reject(signal.reason);
        });
      });
      return { status: 'success' as const };
    },
  });

export const failTool = defineTool({
  name: 'toy_fail',
  title: 'Fail',
  description: 'Fails, by a defect or with words for the caller.',
  input: z.object({ kind: z.enum(['defect', 'refusal']) }),
  output: z.object({ status: Success }),
  readOnly: true,
  scope: 'read',
  handle({ kind }) {
    if (kind === 'defect') throw new TypeError('secret details of the inside');
    throw new MadError('queue_full', 'Too much waits already.', { retryAfterMs: 1500 });
  },
});

export interface Toy {
  readonly mad: Mad;
  readonly url: string;
  readonly mcpUrl: string;
  readonly metrics: MadMetrics;
  /** What was logged, parsed. */
  readonly lines: Record<string, unknown>[];
  stop(): Promise<void>;
}

export type ToyOptions = Partial<MadOptions> & { readonly tokens?: string; readonly bus?: Bus | null };

/** A MAD with a few tools on a free port of this machine, started. */
export async function startToy(options: ToyOptions = {}): Promise<Toy> {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLog({ name: 'toy', level: 'debug', pretty: false, destination });
  const metrics = createMetrics({ processMetrics: false });
  const { tokens, ...rest } = options;
  const callers: Callers = createCallers({ host: '127.0.0.1', auth: 'on', tokens, log });
  const mad = createMad({
    id: 'toy',
    title: 'ToyV1',
    version: '1.2.3',
    host: '127.0.0.1',
    port: 0,
    portKey: 'TOY_PORT',
    tools: [echoTool, countTool, failTool],
    bus: null,
    callers,
    allowedHosts: [],
    allowedOrigins: [],
    log,
    metrics,
    ...rest,
  });
  await mad.start();
  return {
    mad,
    url: `ws://127.0.0.1:${mad.port}`,
    mcpUrl: `http://127.0.0.1:${mad.port}/mcp`,
    metrics,
    lines,
    async stop() {
      await mad.stop({ deadlineMs: 500 });
      callers.stop();
    },
  };
}

export interface TestSocket {
  readonly socket: WebSocket;
  readonly replies: Record<string, unknown>[];
  send(frame: unknown): void;
  call(tool: string, input?: unknown): void;
  /** The close code, when it is closed. */
  readonly closed: Promise<number>;
}

/** A bare WebSocket client, to send what a good one would not. */
export async function openTestSocket(url: string, headers: Record<string, string> = {}): Promise<TestSocket> {
  const socket = new WebSocket(url, { headers, perMessageDeflate: false });
  const replies: Record<string, unknown>[] = [];
  socket.on('message', (data) => replies.push(JSON.parse(String(data))));
  const closed = new Promise<number>((resolve) => {
    socket.on('close', resolve);
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => undefined);
  const send = (frame: unknown): void => socket.send(frame as string | Buffer);
  return {
    socket,
    replies,
    closed,
    send,
    call: (tool, input) => send(JSON.stringify({ tool_name: tool, tool_input: input })),
  };
}

const wait = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
