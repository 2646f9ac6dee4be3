import type { Clock, Logger, Position } from '@mad-group/protocol';
import type { FanOut } from '../delivery/fan-out.ts';
import { within } from '../delivery/within.ts';
import type { Client } from './client.ts';
import type { ClientRecords } from './client-records.ts';
import type { ClientTable } from './client-table.ts';

/** A client's position is written at most so often, in milliseconds. */
const SAVE_EVERY_MS = 2000;
/** How long a stop waits for the last positions to be written, in milliseconds. */
const LAST_SAVE_MS = 1000;

export interface RecordKeeperOptions {
  readonly instanceId: string;
  readonly records: ClientRecords;
  readonly table: ClientTable;
  readonly fanOut: FanOut;
  readonly clock: Clock;
  readonly log: Logger;
  readonly idleMs: number;
  /** Where the bus is away at a stop, positions are not waited for. */
  readonly busConnected: () => boolean;
}

/** Everything up to here was handed to the client; null where that is not known yet. */
export function handedUpTo(client: Client, fanOut: FanOut): Position | null {
  if (client.byPosition || client.hasNews) return client.handed;
  return fanOut.servedUpTo(client);
}

/** Writes what outlives this Grace: patterns at once, positions now and then. */
export class RecordKeeper {
  readonly #options: RecordKeeperOptions;
  readonly #saving = new Set<Client>();
  #timer: NodeJS.Timeout | null = null;

  constructor(options: RecordKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#round(), SAVE_EVERY_MS);
  }

  /** Writes the positions that were not written yet, so that nothing is handed over twice. */
  async stop(): Promise<void> {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = null;
    if (!this.#options.busConnected()) return;
    const unsaved = [...this.#options.table.all()].filter((client) => client.unsaved);
    const saved = Promise.all(unsaved.map((client) => this.save(client)));
    await within(saved, LAST_SAVE_MS, new AbortController().signal);
  }

  /** Writes a client's record. Where the bus does not take it, it is tried again in the next round. */
  async save(client: Client): Promise<void> {
    const { records, clock, fanOut, instanceId, log } = this.#options;
    client.unsaved = false;
    client.savedMs = clock.now();
    try {
      await records.save(client.id, {
        owner: client.owner.name,
        patterns: [...client.patterns],
        position: handedUpTo(client, fanOut),
        holder: instanceId,
        byPosition: client.byPosition,
      });
    } catch (error) {
      client.unsaved = true;
      log.debug({ err: error, client_id: client.id }, 'The record of a client was not written');
    }
  }

  async #round(): Promise<void> {
    const { table, clock, idleMs } = this.#options;
    table.sweep();
    const now = clock.now();
    const due: Client[] = [];
    for (const client of table.all()) {
      const age = now - client.savedMs;
      const used = client.push !== null || client.lastUsedMs > client.savedMs;
      // A record in use must not come to its end.
      if ((client.unsaved && age >= SAVE_EVERY_MS) || (used && age >= idleMs / 4)) due.push(client);
    }
    await Promise.all(due.map((client) => this.#saveHeld(client)));
  }

  /** Writes a position, unless another Grace has taken the client over since. */
  async #saveHeld(client: Client): Promise<void> {
    const { records, table, instanceId, log } = this.#options;
    if (this.#saving.has(client)) return;
    this.#saving.add(client);
    try {
      const record = await records.load(client.id);
      if (!table.isHeld(client)) return;
      const isElsewhere = record !== null && record.holder !== instanceId;
      if (isElsewhere && !client.push) {
        table.release(client);
        return;
      }
      if (isElsewhere) table.adopt(client, record);
      await this.save(client);
    } catch (error) {
      log.debug({ err: error, client_id: client.id }, 'The record of a client was not read');
    } finally {
      this.#saving.delete(client);
    }
  }
}
