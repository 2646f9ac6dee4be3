import type { ClientConnection } from '@mad-group/protocol';
import type { Client } from '../clients/client.ts';
import type { SharedMessage } from './shared-message.ts';

export interface PushLimits {
  /** Past so many bytes that the network has not taken, messages wait in the client's queue. */
  readonly pauseBytes: number;
  /** Past so many the connection is closed: its client does not read. */
  readonly closeBytes: number;
}
export const PUSH_LIMITS: PushLimits = { pauseBytes: 1024 * 1024, closeBytes: 8 * 1024 * 1024 };

/** "Try again later", in IANA's registry of WebSocket close codes. */
const TRY_AGAIN_LATER = 1013;
/** How often connections that were too slow are looked at again, in milliseconds. */
const RETRY_MS = 20;

/** Sends messages over the clients' WebSockets as fast as each takes them, and no faster. */
export class Push {
  readonly #limits: PushLimits;
  /** Clients whose queue waits for their connection. */
  readonly #waiting = new Set<Client>();
  /** Clients by the id of the connection that they are pushed over. */
  readonly #attached = new Map<string, Set<Client>>();
  #timer: NodeJS.Timeout | null = null;

  constructor(limits: PushLimits = PUSH_LIMITS) {
    this.#limits = limits;
  }

  /** From now on the client's messages go over this connection, those in its queue first. */
  attach(client: Client, connection: ClientConnection): void {
    if (client.push?.id !== connection.id) this.detach(client);
    client.push = connection;
    const known = this.#attached.get(connection.id);
    if (known) {
      known.add(client);
    } else {
      this.#attached.set(connection.id, new Set([client]));
      connection.onClose(() => this.#closed(connection));
    }
    if (client.hasNews) this.flushLater(client);
  }

  detach(client: Client): void {
    if (client.push) this.#attached.get(client.push.id)?.delete(client);
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
    for (const client of this.#attached.get(connection.id) ?? []) {
      client.push = null;
      this.#waiting.delete(client);
    }
    this.#attached.delete(connection.id);
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
    if (buffered > this.#limits.closeBytes) {
      connection.close(TRY_AGAIN_LATER, 'reading too slowly');
      return true;
    }
    let room = this.#limits.pauseBytes - buffered;
    if (room <= 0) return false;
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
