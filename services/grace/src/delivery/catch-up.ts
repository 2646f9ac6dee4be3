import type { Bus, LogItem } from '@mad-group/bus';
import type { Logger, Position } from '@mad-group/protocol';
import type { Client } from '../clients/client.ts';
import { QUEUE_LENGTH } from './client-queue.ts';
import { SharedMessage } from './shared-message.ts';
import type { Turns } from './turns.ts';

export interface CatchUpOptions {
  readonly bus: Pick<Bus, 'readOnce'>;
  readonly log: Logger;
  readonly turns: Turns;
  readonly client: Client;
  readonly from: Position;
  /** Resolves when the client has room for a queue's worth of messages, at once where none can wait. */
  readonly ready: (client: Client) => Promise<void>;
  /** The client has everything up to here. Answers whether the one reader can take it over. */
  readonly onServed: (position: Position) => boolean;
  readonly deliver: (client: Client, message: SharedMessage) => void;
  readonly tellGap: (client: Client, gap: Extract<LogItem, { kind: 'gap' }>) => void;
}

/** Entries looked at in one batch. */
const BATCH = 500;
/** The same for a client that is pushed to: what its connection does not take fits its queue. */
const PUSH_BATCH = QUEUE_LENGTH;

/** One client's own way through the log, up to where the one reader is. */
export class CatchUp {
  /** Resolves when it is there, was cancelled, or the bus went away; never rejects. */
  readonly done: Promise<void>;
  #cancelled = false;

  constructor(options: CatchUpOptions) {
    this.done = this.#run(options).catch((error: unknown) => {
      // The one reader's next batch begins another one.
      options.log.debug({ err: error, client_id: options.client.id }, 'Catching up was interrupted');
    });
  }

  cancel(): void {
    this.#cancelled = true;
  }

  async #run(options: CatchUpOptions): Promise<void> {
    const { bus, turns, client, onServed, deliver, tellGap } = options;
    for (let position = options.from; !this.#cancelled; ) {
      await options.ready(client);
      const maxBatch = client.push ? PUSH_BATCH : BATCH;
      const read = { from: position, patterns: () => client.patterns, maxBatch };
      const batch = await turns.take(() => bus.readOnce(read));
      if (this.#cancelled) return;
      for (const item of batch.items) {
        if (item.kind === 'gap') tellGap(client, item);
        else deliver(client, new SharedMessage(item.envelope));
      }
      const stuck = batch.position === position;
      position = batch.position;
      if (onServed(position) || stuck) return;
    }
  }
}
