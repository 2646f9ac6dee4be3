import { type Bus, createMemoryBus } from '@mad-group/bus';
import { type Callers, createMetrics, loadConfig, type Mad } from '@mad-group/mad';
import {
  type Caller,
  createEnvelope,
  type EnvelopeDraft,
  LOCAL_CALLER,
  MadError,
  type Scope,
  silentLogger,
} from '@mad-group/protocol';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { createGrace } from './create-grace.ts';

/** Callers by token, for tests: `alice read,publish`. Without any, everyone is local. */
export function callersOf(scopes: Record<string, readonly Scope[]> = {}): Callers {
  return {
    serviceToken: null,
    asksForTokens: true,
    authenticate(authorization) {
      const name = authorization?.replace('Bearer ', '');
      if (name === undefined) return LOCAL_CALLER;
      const known = scopes[name];
      if (!known) throw new MadError('unauthenticated', 'Nobody is known by this token.');
      return callerOf(name, known);
    },
    stop: () => undefined,
  };
}

export const callerOf = (name: string, scopes: readonly Scope[] = ['read', 'publish']): Caller => ({
  name,
  scopes: new Set(scopes),
});

/** A running memory bus that ends with the test. */
export async function startBus(options: Parameters<typeof createMemoryBus>[0] = {}): Promise<Bus> {
  const bus = createMemoryBus(options);
  await bus.start();
  onTestFinished(() => bus.stop());
  return bus;
}

export async function startGrace(
  bus: Bus,
  options: { callers?: Callers; env?: Record<string, string> } = {},
): Promise<Mad> {
  const grace = createGrace({
    config: loadConfig({ GRACE_PORT: '0', ...options.env }),
    bus,
    log: silentLogger,
    metrics: createMetrics({ processMetrics: false }),
    callers: options.callers ?? callersOf(),
  });
  await grace.start();
  onTestFinished(() => grace.stop({ deadlineMs: 0 }));
  return grace;
}

export type Reply = Record<string, unknown>;

export interface TestClient {
  call(toolName: string, toolInput?: Reply): Promise<Reply>;
  /** Frames that were not asked for. */
  readonly pushed: Reply[];
  readonly socket: WebSocket;
  close(): void;
}

/** A client of the founding protocol, over a real WebSocket. */
export async function connect(mad: Mad, token?: string): Promise<TestClient> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`ws://127.0.0.1:${mad.port}/`, { headers });
  const waiting: ((reply: Reply) => void)[] = [];
  const pushed: Reply[] = [];
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data)) as Reply;
    if ('status' in frame) waiting.shift()?.(frame);
    else pushed.push(frame);
  });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  onTestFinished(() => socket.terminate());
  return {
    pushed,
    socket,
    close: () => socket.close(),
    call: (toolName, toolInput) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        socket.send(JSON.stringify({ tool_name: toolName, tool_input: toolInput }));
      }),
  };
}

/** Publishes a message as another member of the group would. */
export const publish = (bus: Bus, channel: string, draft: Partial<EnvelopeDraft> = {}) =>
  bus.publish(createEnvelope({ senderId: 'tester', payload: {}, ...draft, channel }));

/** `n` of each message's payload. */
export const numbers = (messages: unknown): unknown[] =>
  (messages as { payload: { n: unknown } }[]).map(({ payload }) => payload.n);
