import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export type Direction = 'to-target' | 'to-client';

/**
 * A network between a client and its server, with a network's faults. Everything is passed on until
 * a fault is set; `heal` ends it.
 */
export interface TcpProxy {
  readonly port: number;
  /** Connections of clients that are open now, dead ones included. */
  connections(): number;
  /** Bytes that reached the other side since the start. */
  bytes(direction: Direction): number;
  /** Resets every connection. */
  cut(): void;
  /** Resets every connection and refuses new ones. */
  refuse(): Promise<void>;
  /**
   * Discards every byte in silence, in these directions, and with it the ends of connections. A
   * connection that lost a byte so stays dead after `heal`, as behind a firewall that forgot it.
   */
  blackhole(...directions: Direction[]): void;
  /** The same, but what was sent arrives after `heal`, as TCP repeats it, even of closed sockets. */
  hold(...directions: Direction[]): void;
  /** New connections are without fault; the ones there are keep theirs. */
  releaseNew(): void;
  heal(): Promise<void>;
  /** Connections from now on lead to another port. */
  retarget(port: number): void;
  /** From now on requests arrive and answers do not; at the first answer the connection is cut. */
  loseNextAnswer(): void;
  /** How many answers were lost so. */
  lost(): number;
  stop(): Promise<void>;
}

const BOTH: readonly Direction[] = ['to-target', 'to-client'];

type Faults = Record<Direction, 'none' | 'discard' | 'hold'>;
const noFaults = (): Faults => ({ 'to-target': 'none', 'to-client': 'none' });

/** Listens on a free port of 127.0.0.1 and passes everything on to `targetPort`. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  let faults = noFaults();
  const passed: Record<Direction, number> = { 'to-target': 0, 'to-client': 0 };
  const sockets = new Set<Socket>();
  const pipes = new Set<Pipe>();
  let target = targetPort;
  let armed = false;
  let lost = 0;

  /** One direction of one connection. */
  class Pipe {
    readonly #from: Socket;
    readonly #to: Socket;
    readonly #direction: Direction;
    faults = faults;
    #held: Buffer[] = [];
    #dead = false;
    #ended = false;

    constructor(from: Socket, to: Socket, direction: Direction) {
      this.#from = from;
      this.#to = to;
      this.#direction = direction;
      from.on('data', (data) => this.#take(data));
      from.on('close', () => {
        this.#ended = true;
        this.flush();
      });
      pipes.add(this);
      to.on('close', () => pipes.delete(this));
    }

    #take(data: Buffer): void {
      if (this.#direction === 'to-client' && armed) {
        armed = false;
        lost += 1;
        this.#to.destroy();
        return;
      }
      const fault = this.faults[this.#direction];
      if (fault === 'discard') this.#dead = true;
      if (this.#dead) return;
      this.#held.push(data);
      if (fault === 'none') this.flush();
    }

    /** Passes on what has come, and the end behind it. */
    flush(): void {
      if (this.faults[this.#direction] !== 'none') {
        // An end is lost like a byte.
        if (this.#ended && this.faults[this.#direction] === 'discard') this.#dead = true;
        return;
      }
      if (this.#dead) return;
      for (const data of this.#held.splice(0)) {
        if (this.#to.destroyed) return;
        passed[this.#direction] += data.length;
        this.#to.write(data);
      }
      if (this.#ended) this.#to.end(() => this.#from.destroy());
    }
  }

  const server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay();
      // An error is followed by `close`.
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    clients.add(client);
    client.on('close', () => clients.delete(client));
    new Pipe(client, upstream, 'to-target');
    new Pipe(upstream, client, 'to-client');
  });
  const clients = new Set<Socket>();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };

  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const set = (fault: 'discard' | 'hold', directions: readonly Direction[]): void => {
    for (const direction of directions.length === 0 ? BOTH : directions) faults[direction] = fault;
  };
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    cut();
    await once(server, 'close');
  };
  return {
    port,
    connections: () => clients.size,
    bytes: (direction) => passed[direction],
    cut,
    refuse: close,
    blackhole: (...directions) => set('discard', directions),
    hold: (...directions) => set('hold', directions),
    releaseNew() {
      faults = noFaults();
    },
    retarget(to) {
      target = to;
    },
    async heal() {
      faults = noFaults();
      for (const pipe of pipes) {
        pipe.faults = faults;
        pipe.flush();
      }
      if (server.listening) return;
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    loseNextAnswer() {
      armed = true;
    },
    lost: () => lost,
    async stop() {
      cut();
      await close();
    },
  };
}
