import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/**
 * Below the range from which systems take the ports of outgoing connections (32768 on Linux): one
 * from that range may be somebody's a moment after it was found free.
 */
const RANGE = { from: 10_000, to: 32_000 };

/** Ports of 127.0.0.1 that nobody had a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const open: Server[] = [];
  try {
    // All are held open until all are known, so that none is given twice.
    while (open.length < count) {
      const server = await openAt(randomInt(RANGE.from, RANGE.to));
      if (server) open.push(server);
    }
    return open.map((server) => (server.address() as { port: number }).port);
  } finally {
    await Promise.all(open.map(close));
  }
}

/** Those of these ports of 127.0.0.1 that somebody has. */
export async function takenPorts(ports: readonly number[]): Promise<number[]> {
  const open = await Promise.all(ports.map(openAt));
  await Promise.all(open.map((server) => server && close(server)));
  return ports.filter((_, index) => open[index] === null);
}

async function openAt(port: number): Promise<Server | null> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return null;
    throw error;
  }
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
