import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { MadError, type MadStatus, type ToolDefinition, toErrorReply } from '@mad-group/protocol';
import { inSpan, traceHeadersOf, withTracing } from '@mad-group/protocol/tracing';
import { createBusSurface } from './bus-surface/bus-surface.ts';
import { type BusWatch, watchBus } from './bus-watch.ts';
import { createDispatcher } from './dispatch.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createGate } from './http/gate.ts';
import { type OpenHttpServer, openHttpServer } from './http/http-server.ts';
import { pathOf, refuseUpgrade, replyJson } from './http/messages.ts';
import { isBelow, type PageContext } from './http/pages.ts';
import type { Lifecycle, Mad, MadOptions, StatusFacts } from './mad-types.ts';
import { checkStatusPrompt } from './mcp/check-status-prompt.ts';
import { statusResource } from './mcp/status-resource.ts';
import { createMcpSurface } from './mcp/surface.ts';
import { meterBus } from './metered-bus.ts';
import { composeStatus } from './status.ts';
import { createGetStatus } from './tools/get-status.ts';
import { createListTools } from './tools/list-tools.ts';
import { callSpan, traceDispatcher } from './tracing/traced-dispatcher.ts';
import { createWebSocketSurface } from './websocket/surface.ts';

/** Time that requests under way get to answer at a stop, in milliseconds. */
const REPLY_GRACE_MS = 1000;
const DEFAULT_DEADLINE_MS = 4000;

/**
 * A MAD: its tools on every surface, its lifecycle, its health. Nothing happens before `start`.
 * At `stop` the signals of requests under way abort, so that those who wait are told; then the
 * port closes, then the parts stop.
 */
export function createMad(options: MadOptions): Mad {
  const { id, metrics } = options;
  const bus = options.bus && meterBus(options.bus, metrics, id);
  const log = options.log.child({ mad: id });
  const instanceId = randomUUID();
  const stopping = new AbortController();
  const tools: readonly ToolDefinition[] = [
    ...options.tools,
    createGetStatus(status),
    createListTools(() => tools),
  ];
  const tracing = options.tracing?.of(id);
  const dispatcher = traceDispatcher(createDispatcher({ madId: id, tools, log, metrics }), tracing, (name) =>
    tools.some((tool) => tool.name === name),
  );
  const gate = createGate({ ...options, madId: id, log });

  let startedAtMs = Date.now();
  let state: 'new' | 'started' | 'stopped' = 'new';
  let starting: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;
  let server: OpenHttpServer | undefined;
  let busWatch: BusWatch | undefined;
  const running: Lifecycle[] = [];
  /** What it said of itself when it began to stop: its parts can no longer be asked then. */
  let lastFacts: StatusFacts | undefined;

  const webSockets = createWebSocketSurface({
    madId: id,
    dispatcher,
    metrics,
    authenticate: (authorization) => options.callers.authenticate(authorization),
    signal: stopping.signal,
    limits: options.tuning?.webSocket,
  });
  const mcp = createMcpSurface(
    {
      madId: id,
      title: options.title,
      version: options.version,
      tools,
      resources: [statusResource(id, status), ...(options.resources ?? [])],
      prompts: [checkStatusPrompt(options.title), ...(options.prompts ?? [])],
      dispatcher,
      signal: stopping.signal,
    },
    log,
  );
  const busSurface = bus && createBusSurface({ bus, id, dispatcher, tracing, log, signal: stopping.signal });
  const surfaces = (options.surfaces ?? []).map((make) =>
    make({
      id,
      title: options.title,
      log,
      bus,
      callTool: (call) => dispatcher.call({ ...call, signals: [...call.signals, stopping.signal] }),
    }),
  );
  const heartbeat =
    bus &&
    createHeartbeat({
      bus,
      id,
      log,
      intervalMs: options.tuning?.heartbeatMs,
      secondBeatMs: options.tuning?.secondBeatMs,
      beat: () => {
        const { health, uptime_s } = status();
        return { mad_id: id, instance_id: instanceId, version: options.version, health, uptime_s };
      },
    });

  function status(): MadStatus {
    return composeStatus({
      id,
      title: options.title,
      version: options.version,
      instanceId,
      startedAtMs,
      nowMs: Date.now(),
      stopping: stopping.signal.aborted,
      bus: bus && { kind: bus.kind, status: bus.status() },
      facts: lastFacts ?? askFacts(),
    });
  }

  /** A part that cannot say how it is, is not well; the question itself must not end the process. */
  function askFacts(): StatusFacts {
    try {
      return options.status?.() ?? {};
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.error({ err: error }, 'The state could not be read');
      return { database: reason };
    }
  }

  function notReady(): string | null {
    if (stopping.signal.aborted) return 'It is stopping.';
    if (state !== 'started') return 'It has not started.';
    const { database } = status();
    if (database !== null && database !== 'OK') return `Its database is not writable: ${database}`;
    if (busWatch && !busWatch.seen()) return 'It has not seen the bus yet.';
    return null;
  }

  const nothingHere = {
    status: 'error',
    message: `This is ${options.title}: WebSocket at /, MCP at /mcp.`,
    code: 'not_found',
  } as const;

  /** What pages get of this MAD. */
  function pageContext(request: IncomingMessage): PageContext {
    const trace = traceHeadersOf(request.headers);
    return {
      authenticate: () => options.callers.authenticate(request.headers.authorization),
      call: (call) =>
        dispatcher.call({ surface: 'pages', ...call, trace, signals: [...call.signals, stopping.signal] }),
      callElsewhere: (toolName, caller, call) =>
        withTracing(tracing, trace, () => inSpan(callSpan({ surface: 'pages', caller }, toolName), call)),
      signal: stopping.signal,
    };
  }

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    if (options.pages && isBelow(options.pages.path, pathOf(request))) {
      const refusal = gate.screen(request);
      if (refusal) replyJson(response, refusal.status, refusal.body, refusal.headers);
      else options.pages.handle(request, response, pageContext(request));
      return;
    }
    const admission = gate.admit(request);
    if (!admission.ok) replyJson(response, admission.status, admission.body, admission.headers);
    else if (pathOf(request) !== '/mcp') replyJson(response, 404, nothingHere);
    else if (stopping.signal.aborted) replyJson(response, 503, toErrorReply(stopping.signal.reason));
    else mcp.handle(request, response, admission.caller);
  }

  function onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const admission = gate.admit(request);
    if (!admission.ok) refuseUpgrade(socket, admission.status, admission.body, admission.headers);
    else if (pathOf(request) !== '/') refuseUpgrade(socket, 404, nothingHere);
    else if (stopping.signal.aborted) refuseUpgrade(socket, 503, toErrorReply(stopping.signal.reason));
    else webSockets.accept(request, socket, head);
  }

  async function begin(): Promise<void> {
    if (stopping.signal.aborted) return;
    startedAtMs = Date.now();
    metrics.set('mad_info', { mad: id, version: options.version, instance_id: instanceId }, 1);
    if (bus) busWatch = watchBus({ bus, madId: id, log, metrics });
    try {
      for (const part of options.parts ?? []) {
        running.push(part);
        await part.start();
      }
      await busSurface?.start();
      webSockets.start();
      const { host, port, portKey } = options;
      server = await openHttpServer({
        host,
        port,
        portKey,
        onRequest,
        onUpgrade,
        onError: (error) => log.error({ err: error }, 'The server has an error'),
      });
      for (const surface of surfaces) await surface.start();
    } catch (error) {
      await end(0);
      throw error;
    }
    state = 'started';
    log.info({ port: server.port, host: options.host }, `MCP Server started on port ${server.port}`);
    heartbeat?.start();
  }

  async function end(deadlineMs: number): Promise<void> {
    const deadline = Date.now() + deadlineMs;
    const leftMs = (): number => Math.max(0, deadline - Date.now());
    const graceMs = Math.min(REPLY_GRACE_MS, deadlineMs);
    state = 'stopped';
    lastFacts ??= askFacts();
    stopping.abort(new MadError('draining', 'This instance is stopping. Try again.', { retryAfterMs: 1000 }));
    const closed = server?.close(graceMs);
    await Promise.all([
      webSockets.stop(graceMs),
      mcp.stop(),
      busSurface?.stop(graceMs),
      ...surfaces.map((surface) => surface.stop({ deadlineMs: graceMs })),
    ]);
    await closed;
    for (const part of running.splice(0).reverse()) {
      try {
        await part.stop({ deadlineMs: leftMs() });
      } catch (error) {
        log.error({ err: error }, 'A part did not stop well');
      }
    }
    // Last of all: what a drain still published would call the MAD back to life.
    await heartbeat?.stop();
    busWatch?.stop();
  }

  return {
    id,
    title: options.title,
    tools,
    surfaces,
    log,
    get port() {
      return server?.port ?? 0;
    },
    status,
    notReady,
    start() {
      starting ??= begin();
      return starting;
    },
    stop(stopOptions) {
      stopped ??= (async () => {
        // A start under way ends first; what it threw is its own caller's to hear.
        await starting?.then(undefined, () => undefined);
        await end(stopOptions?.deadlineMs ?? DEFAULT_DEADLINE_MS);
      })();
      return stopped;
    },
  };
}
