import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A way to Redis that can be cut between the request and its answer. */
export interface CutOffProxy {
  readonly port: number;
  /** From now on requests arrive and answers do not; at the first answer the connection is cut. */
  loseNextAnswer(): void;
  /** How many answers were lost so. */
  lost(): number;
  stop(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and passes everything on to `targetPort`. */
export async function startCutOffProxy(targetPort: number): Promise<CutOffProxy> {
  let armed = false;
  let lost = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1');
    for (const socket of [client, target]) {
      sockets.add(socket);
      // An error is followed by `close`, which ends both sides.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        target.destroy();
      });
    }
    client.pipe(target);
    target.on('data', (data) => {
      if (!armed) {
        client.write(data);
        return;
      }
      armed = false;
      lost += 1;
      client.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return {
    port: address.port,
    loseNextAnswer: () => {
      armed = true;
    },
    lost: () => lost,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
