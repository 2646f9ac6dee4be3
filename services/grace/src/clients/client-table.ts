import { type Caller, type Clock, type Logger, MadError, owns } from '@mad-group/protocol';
import type { FanOut } from '../delivery/fan-out.ts';
import type { Push } from '../delivery/push.ts';
import type { MessagePool } from '../delivery/shared-message.ts';
import { Client } from './client.ts';
import type { ClientRecord, ClientRecords } from './client-records.ts';

export interface ClientTableOptions {
  /** Names this instance in the clients' records. */
  readonly instanceId: string;
  readonly records: ClientRecords;
  readonly fanOut: FanOut;
  readonly push: Push;
  readonly pool: MessagePool;
  readonly clock: Clock;
  readonly log: Logger;
  readonly idleMs: number;
  readonly maxClients: number;
  /** Where the records cannot be read: a client that is held here goes on without. */
  readonly busConnected: () => boolean;
  /** Writes a client's record, so that others know who holds it. */
  readonly save: (client: Client) => Promise<void>;
  readonly onForgotten: (reason: 'idle' | 'limit') => void;
}

/** The clients that this Grace holds, least recently used first. */
export class ClientTable {
  readonly #options: ClientTableOptions;
  readonly #clients = new Map<string, Client>();
  /** Look-ups that are under way, so that two calls do not take one client over twice. */
  readonly #opening = new Map<string, Promise<Client | null>>();

  constructor(options: ClientTableOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#clients.size;
  }

  all(): IterableIterator<Client> {
    return this.#clients.values();
  }

  /**
   * The caller's client of this id, from here or from its record; null where there is none.
   *
   * @throws MadError `not_found` where it is another caller's, `bus_unavailable` where it is not
   *   held here and the records cannot be read
   */
  async find(id: string, caller: Caller): Promise<Client | null> {
    const held = this.#clients.get(id);
    if (held) checkOwner(held.owner.name, id, caller);
    const key = `${caller.name} ${id}`;
    let opening = this.#opening.get(key);
    if (!opening) {
      opening = this.#open(id, caller).finally(() => this.#opening.delete(key));
      this.#opening.set(key, opening);
    }
    const client = await opening;
    if (!client) return null;
    checkOwner(client.owner.name, id, caller);
    // Scopes may have changed since its last call; an admin's visit changes nothing.
    if (client.owner.name === caller.name) client.owner = caller;
    this.touch(client);
    return client;
  }

  /**
   * Takes in a client that {@link find} did not find, where no other call did so meanwhile.
   *
   * @throws MadError `too_many_clients`, `not_found` where the other call was another caller's
   */
  add(id: string, owner: Caller): Client {
    const { pool } = this.#options;
    const held = this.#clients.get(id);
    if (held) {
      checkOwner(held.owner.name, id, owner);
      return held;
    }
    return this.#insert(new Client({ id, owner, patterns: [], handed: null, pool }));
  }

  touch(client: Client): void {
    client.lastUsedMs = this.#options.clock.now();
    // A Map keeps the order of insertion: the last is the one used last.
    if (this.#clients.delete(client.id)) this.#clients.set(client.id, client);
  }

  isHeld(client: Client): boolean {
    return this.#clients.get(client.id) === client;
  }

  /** Lets go of a client; its record stays. */
  release(client: Client): void {
    if (!this.isHeld(client)) return;
    this.#clients.delete(client.id);
    this.#options.fanOut.leave(client);
    this.#options.push.detach(client);
    client.queue.clear();
    client.wake();
  }

  /** Lets go of clients that were not used for the idle time. An open push connection is use. */
  sweep(): void {
    const { clock, idleMs, onForgotten } = this.#options;
    const oldestMs = clock.now() - idleMs;
    for (const client of [...this.#clients.values()]) {
      if (client.lastUsedMs > oldestMs) break;
      if (client.push) {
        this.touch(client);
        continue;
      }
      this.release(client);
      onForgotten('idle');
    }
  }

  async #open(id: string, caller: Caller): Promise<Client | null> {
    const { records, busConnected, instanceId, save } = this.#options;
    const held = this.#clients.get(id);
    if (held && !busConnected()) return held;
    let record: ClientRecord | null;
    try {
      record = await records.load(id);
    } catch (error) {
      if (held && this.isHeld(held)) return held;
      throw error;
    }
    const client = this.#clients.get(id);
    if (client) {
      if (!record || record.holder === instanceId) return client;
      this.adopt(client, record);
      await save(client);
      return client;
    }
    if (!record) return null;
    checkOwner(record.owner, id, caller);
    const rebuilt = this.#rebuild(id, caller, record);
    // At once: the next call would take the old holder's word for newer.
    await save(rebuilt);
    return rebuilt;
  }

  /** Holds a client that another Grace, or an earlier life of this one, has held. */
  #rebuild(id: string, caller: Caller, record: ClientRecord): Client {
    const { pool, fanOut } = this.#options;
    const owner = caller.name === record.owner ? caller : { name: record.owner, scopes: new Set<never>() };
    const draft = { id, owner, patterns: record.patterns, handed: record.position, pool };
    const client = this.#insert(new Client(draft));
    client.byPosition = record.byPosition;
    fanOut.join(client, record.byPosition ? null : record.position);
    return client;
  }

  /** Another Grace served this client meanwhile: what it knows is newer. */
  adopt(client: Client, record: ClientRecord): void {
    const { fanOut } = this.#options;
    const here = fanOut.servedUpTo(client);
    fanOut.leave(client);
    client.patterns.clear();
    for (const pattern of record.patterns) client.patterns.add(pattern);
    if (client.push) {
      fanOut.join(client, here);
      return;
    }
    client.moveTo(record.position);
    client.byPosition = record.byPosition;
    fanOut.join(client, record.byPosition ? null : record.position);
  }

  #insert(client: Client): Client {
    if (this.#clients.size >= this.#options.maxClients) this.#makeRoom();
    this.#clients.set(client.id, client);
    this.touch(client);
    return client;
  }

  #makeRoom(): void {
    for (const client of this.#clients.values()) {
      if (client.push) continue;
      this.release(client);
      this.#options.onForgotten('limit');
      // Or records would pile up on the bus as fast as ids can be made up.
      this.#options.records.delete(client.id).catch((error: unknown) => {
        this.#options.log.debug(
          { err: error, client_id: client.id },
          'The record of a client was not deleted',
        );
      });
      return;
    }
    throw new MadError(
      'too_many_clients',
      `Grace serves ${this.#options.maxClients} clients with open push connections and can take no more: try again later.`,
    );
  }
}

/** @throws MadError `not_found` */
function checkOwner(owner: string, id: string, caller: Caller): void {
  if (owns(caller, owner)) return;
  throw new MadError('not_found', `Client '${id}' is another caller's: choose another 'client_id'.`);
}
