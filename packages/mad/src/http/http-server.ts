import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { StartError } from '../start-error.ts';

interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The environment key that moves the port, for the message when it is in use. */
  readonly portKey: string;
  /** What sets the host. Default `HOST`. */
  readonly hostKey?: string;
}

export interface HttpServerOptions extends ListenOptions {
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  /** An error of the open server, which would end the process if nobody heard it. */
  readonly onError: (error: Error) => void;
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

export interface OpenHttpServer {
  readonly port: number;
  /** Takes no new connections from now on; resolves when the last is gone, at the latest after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/**
 * Opens an HTTP server.
 *
 * @throws StartError of one line that names the port and the key that moves it, where it is in use
 */
export async function openHttpServer(options: HttpServerOptions): Promise<OpenHttpServer> {
  const server = createServer(options.onRequest);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // An unheard 'error' of a socket that is being refused would end the process.
    socket.on('error', () => socket.destroy());
    if (options.onUpgrade) options.onUpgrade(request, socket, head);
    else socket.destroy();
  });
  await listenOn(server, options);
  // As when the process has no file descriptor left to accept with: the others go on.
  server.on('error', options.onError);
  return {
    port: (server.address() as AddressInfo).port,
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

/**
 * Tells a port that is taken before anything else begins.
 *
 * @throws StartError as `openHttpServer` does
 */
export async function assertPortIsFree(options: ListenOptions): Promise<void> {
  const probe = createServer();
  await listenOn(probe, options);
  await new Promise((resolve) => probe.close(resolve));
}

/**
 * Opens the port of a server.
 *
 * @throws StartError as `openHttpServer` does
 */
export function listenOn(
  server: NetServer,
  { host, port, portKey, hostKey = 'HOST' }: ListenOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE')
        reject(new StartError(`Port ${port} is in use. Set ${portKey} to move it.`));
      else if (error.code === 'EACCES') {
        reject(new StartError(`Port ${port} may not be opened by this user. Set ${portKey} to move it.`));
      } else if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
        reject(new StartError(`${hostKey}=${host} is no address of this machine.`));
      } else reject(new StartError(`Cannot listen on ${host}:${port}: ${error.message}`));
    };
    server.once('error', onError);
    server.listen(port, host, () => {
      server.off('error', onError);
      resolve();
    });
  });
}
