import type { ClientConnection } from '@mad-group/protocol';
import type { Client } from '../clients/client.ts';
import type { SharedMessage } from './shared-message.ts';
import { Unread } from './unread.ts';

export interface PushLimits {
  /** Past so many bytes that the network has not taken, messages wait in the client's queue. */
  readonly pauseBytes: number;
  /**
   * Past so many the connection is closed, where it took nothing for `stuckMs`: its client does not
   * read. What came for it and waits, or was dropped, is unsent too.
   */
  readonly closeBytes: number;
  /** In milliseconds: a socket shows what it took only when a whole write is out. */
  readonly stuckMs: number;
}
export const PUSH_LIMITS: PushLimits = {
  pauseBytes: 1024 * 1024,
  closeBytes: 8 * 1024 * 1024,
  stuckMs: 5_000,
};

/** A connection that clients are pushed over. */
interface Line {
  readonly clients: Set<Client>;
  readonly unread: Unread;
}

/** "Try again later", in IANA's registry of WebSocket close codes. */
const TRY_AGAIN_LATER = 1013;
/** How often connections that were too slow are looked at again, in milliseconds. */
const RETRY_MS = 20;

/** Sends messages over the clients' WebSockets as fast as each takes them, and no faster. */
export class Push {
  readonly #limits: PushLimits;
  /** Clients whose queue waits for their connection. */
  readonly #waiting = new Set<Client>();
  /** By the id of the connection. */
  readonly #lines = new Map<string, Line>();
  readonly #onStuck: () => void;
  #timer: NodeJS.Timeout | null = null;

  /** @param onStuck told of each connection that is closed because its client does not read */
  constructor(limits: PushLimits = PUSH_LIMITS, onStuck: () => void = () => undefined) {
    this.#limits = limits;
    this.#onStuck = onStuck;
  }

  /** From now on the client's messages go over this connection, those in its queue first. */
  attach(client: Client, connection: ClientConnection): void {
    if (client.push?.id !== connection.id) this.detach(client);
    client.push = connection;
    const known = this.#lines.get(connection.id);
    if (known) {
      known.clients.add(client);
    } else {
      this.#lines.set(connection.id, { clients: new Set([client]), unread: new Unread() });
      connection.onClose(() => this.#closed(connection));
    }
    if (client.hasNews) this.flushLater(client);
  }

  detach(client: Client): void {
    if (client.push) this.#lines.get(client.push.id)?.clients.delete(client);
    client.push = null;
    this.#waiting.delete(client);
  }

  /** Sends one message at once; false where it has to wait in the queue. */
  send(client: Client, connection: ClientConnection, message: SharedMessage): boolean {
    const { frame } = message;
    return frame !== null && !this.isBehind(client, connection) && connection.sendText(frame);
  }

  /** Whether the client's next message has to wait. */
  isBehind(client: Client, connection: ClientConnection): boolean {
    return client.hasNews || connection.bufferedBytes() > this.#limits.pauseBytes;
  }

  /** A message went into the client's queue, since its connection did not take it. */
  waits(client: Client, connection: ClientConnection, message: SharedMessage): void {
    this.#lines.get(connection.id)?.unread.missed(message.bytes);
    this.flushLater(client);
  }

  /** The client has something in its queue: it goes out when its connection has room. */
  flushLater(client: Client): void {
    this.#waiting.add(client);
    this.#timer ??= setTimeout(() => this.#flushAll(), RETRY_MS);
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting.clear();
  }

  #closed(connection: ClientConnection): void {
    for (const client of this.#lines.get(connection.id)?.clients ?? []) {
      client.push = null;
      this.#waiting.delete(client);
    }
    this.#lines.delete(connection.id);
  }

  /** Whether the client of this connection does not read. */
  #isStuck(connection: ClientConnection, buffered: number): boolean {
    const { closeBytes, stuckMs } = this.#limits;
    const owed = this.#lines.get(connection.id)?.unread.look(buffered, performance.now());
    return buffered > closeBytes || (owed !== undefined && owed.bytes > closeBytes && owed.forMs >= stuckMs);
  }

  #flushAll(): void {
    this.#timer = null;
    for (const client of [...this.#waiting]) {
      this.#waiting.delete(client);
      if (client.push && !this.#flush(client, client.push)) this.flushLater(client);
    }
  }

  /**
   * Sends what waits; true where nothing is left to do. What a connection that is about to close
   * does not take stays where it is.
   */
  #flush(client: Client, connection: ClientConnection): boolean {
    const buffered = connection.bufferedBytes();
    let room = this.#limits.pauseBytes - buffered;
    if (room <= 0) {
      if (!this.#isStuck(connection, buffered)) return false;
      connection.close(TRY_AGAIN_LATER, 'reading too slowly');
      this.#onStuck();
      // At once: a goodbye takes its time, and what comes meanwhile belongs into the queue.
      this.#closed(connection);
      return true;
    }
    this.#lines.get(connection.id)?.unread.reset();
    client.unsaved = true;
    const { queue } = client;
    for (let [gap] = client.gaps; gap; [gap] = client.gaps) {
      if (!connection.send({ type: 'gap', ...gap })) return false;
      client.gaps = client.gaps.slice(1);
    }
    while (queue.hasNews && room > 0) {
      const message = queue.first();
      const { dropped } = queue;
      // What was dropped was older than anything that is left.
      if (dropped > 0 && !connection.send({ type: 'dropped', count: dropped })) return false;
      queue.takeDropped();
      if (!message) break;
      if (message.frame === null || !connection.sendText(message.frame)) return false;
      room -= message.bytes;
      client.handed = message.position;
      queue.shift();
    }
    return !client.hasNews;
  }
}
