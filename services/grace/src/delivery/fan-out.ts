import type { Bus, LogBatch, LogItem } from '@mad-group/bus';
import { type Envelope, type Logger, MadError, type Position } from '@mad-group/protocol';
import type { Client } from '../clients/client.ts';
import { CatchUp } from './catch-up.ts';
import { hasReached } from './reach.ts';
import { SharedMessage } from './shared-message.ts';
import { SubscriptionIndex } from './subscription-index.ts';
import type { Turns } from './turns.ts';
import { within } from './within.ts';

export interface FanOutOptions {
  readonly bus: Pick<Bus, 'read' | 'readOnce'>;
  readonly log: Logger;
  /** Who reads the log alone takes turns: each holds a batch in memory. */
  readonly turns: Turns;
  /** Gives a message to a client that subscribed to its channel. */
  readonly deliver: (client: Client, message: SharedMessage) => void;
  /** Resolves when a client that reads alone has room for more. */
  readonly ready: (client: Client) => Promise<void>;
  /** Tells a client that a piece of the log is gone. */
  readonly tellGap: (client: Client, gap: Extract<LogItem, { kind: 'gap' }>) => void;
  /** Told of each piece of the log that was gone before the one reader came to it. */
  readonly onGap: (gap: Extract<LogItem, { kind: 'gap' }>) => void;
}

/** How long to wait before the log is read again after a defect, in milliseconds. */
const RESTART_DELAY_MS = 1000;
/** How long a stop waits for the reader, in milliseconds. */
const STOP_MS = 500;

/** A client that the one reader does not serve yet. */
interface Joining {
  /** The client has everything up to here; null: begins where the reader does. */
  served: Position | null;
  /** The patterns of this generation let its channels through. */
  readonly generation: number;
  catchUp: CatchUp | null;
}

/**
 * One reader of the log for all clients. A client joins behind a position: until the reader has
 * come to that very place with the client's patterns in its filter, the client reads the log by
 * itself, and then the reader takes over. So there is no hole and nothing comes twice.
 */
export class FanOut {
  readonly #options: FanOutOptions;
  readonly #index = new SubscriptionIndex<Client>();
  readonly #clients = new Set<Client>();
  readonly #joining = new Map<Client, Joining>();
  /** Clients that are ahead of the reader, and up to where. */
  readonly #ahead = new Map<Client, Position>();
  #position: Position | null = null;
  /** Counts changes of the patterns. */
  #generation = 0;
  /** Generation of the filter of the batch that comes next. */
  #filterGeneration = 0;
  #abort: AbortController | null = null;
  #running: Promise<void> = Promise.resolve();
  readonly #begun = Promise.withResolvers<void>();

  constructor(options: FanOutOptions) {
    this.#options = options;
  }

  /** How far the one reader has come; null before it has seen the bus. */
  get position(): Position | null {
    return this.#position;
  }

  /** Resolves when the bus was seen and there is a position. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  start(): void {
    if (this.#abort) return;
    this.#abort = new AbortController();
    this.#running = this.#run(this.#abort.signal);
  }

  async stop(): Promise<void> {
    this.#abort?.abort();
    this.#abort = null;
    for (const { catchUp } of this.#joining.values()) catchUp?.cancel();
    // A call to a bus that is away ends in its own time.
    await within(this.#running, STOP_MS, new AbortController().signal);
  }

  /**
   * Serves a client behind a position from now on, with the patterns it has now. Also where its
   * patterns grew, or where it goes elsewhere in the log.
   */
  join(client: Client, from: Position | null): void {
    this.#joining.get(client)?.catchUp?.cancel();
    this.#ahead.delete(client);
    this.#clients.add(client);
    for (const pattern of client.patterns) this.#index.add(pattern, client);
    this.#generation += 1;
    const served = from ?? this.#position;
    const joining: Joining = { served, generation: this.#generation, catchUp: null };
    this.#joining.set(client, joining);
    if (served !== null && served !== this.#position) this.#readAlone(client, joining, served);
  }

  /** Ends what the client subscribed to with this pattern. */
  removePattern(client: Client, pattern: string): void {
    this.#index.remove(pattern, client);
  }

  leave(client: Client): void {
    this.#joining.get(client)?.catchUp?.cancel();
    this.#joining.delete(client);
    this.#ahead.delete(client);
    this.#clients.delete(client);
    for (const pattern of client.patterns) this.#index.remove(pattern, client);
  }

  /** The client has seen everything that it subscribed to up to here; null before the first batch. */
  servedUpTo(client: Client): Position | null {
    const joining = this.#joining.get(client);
    return joining ? joining.served : (this.#ahead.get(client) ?? this.#position);
  }

  /** Resolves when the client reads no longer alone. At once where it does not. */
  async caughtUp(client: Client): Promise<void> {
    await this.#joining.get(client)?.catchUp?.done;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { bus, log } = this.#options;
    while (!signal.aborted) {
      try {
        // Before anything is read: who subscribes to a Grace that has just begun begins here.
        const from = this.#position ?? (await bus.readOnce({ from: 'end', patterns: () => [] })).position;
        this.#begin(from);
        const patterns = (): Iterable<string> => {
          this.#filterGeneration = this.#generation;
          return this.#index.union();
        };
        for await (const batch of bus.read({ name: 'fan_out', from, patterns, signal })) this.#take(batch);
      } catch (error) {
        if (signal.aborted) return;
        // The bus tells of its own absence.
        const isAway = error instanceof MadError && error.code === 'bus_unavailable';
        if (!isAway) log.error({ err: error }, 'Reading the log failed');
        await within(null, RESTART_DELAY_MS, signal);
      }
    }
  }

  #begin(position: Position): void {
    this.#position = position;
    for (const joining of this.#joining.values()) joining.served ??= position;
    this.#begun.resolve();
  }

  #take(batch: LogBatch): void {
    this.#takeOver();
    for (const item of batch.items) {
      if (item.kind === 'gap') this.#tellAll(item);
      else this.#fanOut(item.envelope);
    }
    this.#position = batch.position;
    // Not only at a matching message: or the place of a client that gets none would stand still.
    for (const [client, ahead] of this.#ahead) {
      if (ahead === batch.position || !hasReached(ahead, batch.position)) this.#ahead.delete(client);
    }
    for (const [client, joining] of this.#joining) {
      const { served } = joining;
      if (served && !hasReached(served, batch.position)) this.#readAlone(client, joining, served);
    }
  }

  /** Before a batch: who stands where it begins, or further, is served by it. */
  #takeOver(): void {
    const before = this.#position;
    for (const [client, { served, generation, catchUp }] of this.#joining) {
      if (catchUp || generation > this.#filterGeneration) continue;
      if (!served || !before || !hasReached(served, before)) continue;
      this.#joining.delete(client);
      if (served !== before) this.#ahead.set(client, served);
    }
  }

  #fanOut(envelope: Envelope & { readonly position: Position }): void {
    let message: SharedMessage | undefined;
    for (const client of this.#index.match(envelope.channel)) {
      if (this.#joining.size > 0 && this.#joining.has(client)) continue;
      if (this.#ahead.size > 0 && this.#isAhead(client, envelope.position)) continue;
      message ??= new SharedMessage(envelope);
      this.#options.deliver(client, message);
    }
  }

  #isAhead(client: Client, position: Position): boolean {
    const ahead = this.#ahead.get(client);
    if (ahead === undefined) return false;
    if (hasReached(ahead, position)) return true;
    this.#ahead.delete(client);
    return false;
  }

  #tellAll(gap: Extract<LogItem, { kind: 'gap' }>): void {
    this.#options.onGap(gap);
    for (const client of this.#clients) {
      if (!this.#joining.has(client)) this.#options.tellGap(client, gap);
    }
  }

  #readAlone(client: Client, joining: Joining, from: Position): void {
    if (joining.catchUp) return;
    const catchUp = new CatchUp({
      ...this.#options,
      client,
      from,
      onServed: (position) => {
        joining.served = position;
        const isThere = this.#position === null || hasReached(position, this.#position);
        // At once, so that the very next batch can take the client over.
        if (isThere) joining.catchUp = null;
        return isThere;
      },
    });
    joining.catchUp = catchUp;
    void catchUp.done.then(() => {
      if (joining.catchUp === catchUp) joining.catchUp = null;
    });
  }
}
