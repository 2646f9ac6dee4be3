import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Caller } from '@mad-group/protocol';
import { traceHeadersOf } from '@mad-group/protocol/tracing';
import { WebSocketServer } from 'ws';
import type { Dispatcher } from '../dispatch.ts';
import type { MadMetrics } from '../metrics.ts';
import { CLOSE_REASONS, type Connection, serveConnection } from './connection.ts';
import { DEFAULT_LIMITS, type WebSocketLimits } from './limits.ts';

export interface WebSocketSurfaceOptions {
  readonly madId: string;
  readonly dispatcher: Dispatcher;
  readonly metrics: MadMetrics;
  readonly authenticate: (authorization: string | undefined) => Caller;
  readonly signal: AbortSignal;
  readonly limits?: Partial<WebSocketLimits> | undefined;
}

export interface WebSocketSurface {
  /** Begins to ask connections for signs of life. */
  start(): void;
  /** Takes an upgrade that was let in. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes every connection with 1001, once its replies under way are out or `graceMs` are over. */
  stop(graceMs: number): Promise<void>;
}

/** The founding protocol: `{tool_name, tool_input}` in, one JSON reply out. */
export function createWebSocketSurface(options: WebSocketSurfaceOptions): WebSocketSurface {
  const { madId, metrics } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  // Compression costs memory per connection and opens to bombs; the messages are small.
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.maxFrameBytes,
    perMessageDeflate: false,
    clientTracking: false,
  });
  const connections = new Set<Connection>();
  const count = (): void => metrics.set('mad_websocket_connections', { mad: madId }, connections.size);
  let keepAlive: NodeJS.Timeout | undefined;

  return {
    start() {
      count();
      for (const reason of CLOSE_REASONS) {
        metrics.count('mad_websocket_closed_total', { mad: madId, reason }, 0);
      }
      keepAlive ??= setInterval(() => {
        for (const connection of connections) connection.checkAlive();
      }, limits.keepAliveMs);
    },
    accept(request, socket, head) {
      server.handleUpgrade(request, socket, head, (webSocket) => {
        const { authorization } = request.headers;
        const connection = serveConnection({
          socket: webSocket,
          stream: socket,
          authenticate: () => options.authenticate(authorization),
          dispatcher: options.dispatcher,
          trace: traceHeadersOf(request.headers),
          limits,
          signal: options.signal,
          onClosedByUs: (reason) => metrics.count('mad_websocket_closed_total', { mad: madId, reason }),
        });
        connections.add(connection);
        count();
        webSocket.once('close', () => {
          connections.delete(connection);
          count();
        });
      });
    },
    async stop(graceMs) {
      clearInterval(keepAlive);
      await Promise.all(Array.from(connections, (connection) => connection.shutDown(graceMs)));
      server.close();
    },
  };
}
