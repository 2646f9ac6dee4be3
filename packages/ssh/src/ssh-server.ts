import { randomInt } from 'node:crypto';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { listenOn } from '@mad-group/mad';
import { type ConnectionParts, type OpenConnection, serveConnection } from './connection.ts';

export interface SshServerOptions extends ConnectionParts {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Named in the message when the port is in use. */
  readonly portKey: string;
  readonly maxConnections: number;
  /** How often it looks whether who is logged in may stay, in milliseconds. Default 2,000. */
  readonly checkMs?: number;
}

export interface OpenSshServer {
  readonly port: number;
  /** Takes no one in any more, and ends all sessions with these words. */
  close(words: string): Promise<void>;
}

/**
 * Opens the port of the administration.
 *
 * @throws StartError of one line where the port cannot be opened
 */
export async function openSshServer(options: SshServerOptions): Promise<OpenSshServer> {
  const { keys, maxConnections, checkMs = 2000 } = options;
  const log = options.inside.log;
  const connections = new Set<OpenConnection>();
  /** Keys that were not there at the last look: a file that is just being written may be short. */
  const doubted = new Set<OpenConnection>();

  const server = createServer((socket) => {
    // An unheard 'error' of a socket would end the process.
    socket.on('error', () => socket.destroy());
    if (!makeRoom(socket)) return;
    const connection = serveConnection(socket.setNoDelay(true), options);
    connections.add(connection);
    void connection.over.then(() => {
      connections.delete(connection);
      doubted.delete(connection);
    });
  });
  await listenOn(server, options);
  server.on('error', (error) => log.error({ err: error }, 'The SSH server has an error'));
  const checks = setInterval(endThoseOfOldKeys, checkMs);
  checks.unref();

  /**
   * Who has not logged in yet may not keep out who wants to; who has, stays. One of the address that
   * most of them come from makes room, by lot: a flood from elsewhere then ends no login, and one from
   * the same address does not end each.
   */
  function makeRoom(socket: Socket): boolean {
    if (connections.size < maxConnections) return true;
    const strangers = [...connections].filter((connection) => connection.key() === null);
    const crowds = [...Map.groupBy(strangers, ({ address }) => address).values()];
    const [crowd] = crowds.toSorted((a, b) => b.length - a.length);
    const drawn = crowd?.[randomInt(crowd.length)];
    if (drawn) {
      connections.delete(drawn);
      drawn.drop();
      return true;
    }
    log.warn(
      { address: socket.remoteAddress, max_connections: maxConnections },
      'SSH connection refused: too many',
    );
    // Clients show such a line where they are asked to be verbose (RFC 4253, section 4.2).
    socket.end('Too many connections: SSH_MAX_CONNECTIONS are logged in.\r\n');
    socket.destroySoon();
    return false;
  }

  function endThoseOfOldKeys(): void {
    for (const connection of connections) {
      const key = connection.key();
      if (key === null || keys.holds(key, Date.now())) doubted.delete(connection);
      else if (doubted.has(connection)) void connection.end('this key may no longer log in; goodbye');
      else doubted.add(connection);
    }
  }

  return {
    port: (server.address() as AddressInfo).port,
    async close(words) {
      clearInterval(checks);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all([...connections].map((connection) => connection.end(words)));
      await closed;
    },
  };
}
