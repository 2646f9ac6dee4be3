import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

interface Request {
  tool_name: string;
  tool_input: Record<string, unknown>;
}

export interface FoundingServer {
  readonly url: string;
  /** Connections that were taken so far. */
  readonly connections: WebSocket[];
  /** `Authorization` headers of the connections, in their order. */
  readonly authorizations: (string | undefined)[];
  readonly requests: Request[];
  stop(): Promise<void>;
}

export interface FoundingServerOptions {
  readonly port?: number;
  /** The reply to a request: an object, or text that is sent as it is. */
  readonly answer: (request: Request, socket: WebSocket) => Promise<object | string> | object | string;
  /** Refuses the upgrade with this status and JSON body. */
  readonly refuse?: () => { status: number; body: string } | null;
  /** Hangs up after one reply, as the first Sequential Thinking did. */
  readonly oneReply?: boolean;
}

/** A small server that speaks the founding protocol, for tests. */
export async function startFoundingServer(options: FoundingServerOptions): Promise<FoundingServer> {
  const http: Server = createServer((_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({ noServer: true });
  const server = { connections: [], authorizations: [], requests: [] } as unknown as FoundingServer;

  http.on('upgrade', (request, socket, head) => {
    const refusal = options.refuse?.();
    if (refusal) {
      const length = Buffer.byteLength(refusal.body);
      socket.end(
        `HTTP/1.1 ${refusal.status} No\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${refusal.body}`,
      );
      return;
    }
    sockets.handleUpgrade(request, socket, head, (connection) => {
      server.connections.push(connection);
      server.authorizations.push(request.headers.authorization);
      let previous = Promise.resolve();
      connection.on('message', (data) => {
        const call = JSON.parse(String(data)) as Request;
        server.requests.push(call);
        previous = previous.then(async () => {
          const reply = await options.answer(call, connection);
          connection.send(typeof reply === 'string' ? reply : JSON.stringify(reply));
          if (options.oneReply) connection.close();
        });
      });
    });
  });
  await new Promise<void>((resolve) => http.listen(options.port ?? 0, '127.0.0.1', resolve));
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return Object.assign(server, {
    url,
    async stop() {
      for (const connection of server.connections) connection.terminate();
      await new Promise((resolve) => http.close(resolve));
    },
  });
}
