import type { Bus } from '@mad-group/bus';
import type { MadMetrics } from '@mad-group/mad';
import { type Clock, type Logger, owns, systemClock } from '@mad-group/protocol';
import type { Client } from './clients/client.ts';
import { ClientRecords } from './clients/client-records.ts';
import { ClientTable } from './clients/client-table.ts';
import { RecordKeeper } from './clients/record-keeper.ts';
import { FanOut } from './delivery/fan-out.ts';
import { PUSH_LIMITS, Push, type PushLimits } from './delivery/push.ts';
import { MessagePool, type SharedMessage } from './delivery/shared-message.ts';
import { Turns } from './delivery/turns.ts';
import { within } from './delivery/within.ts';
import { createGatewayMetrics, type GatewayMetrics } from './gateway-metrics.ts';

export interface GatewayOptions {
  readonly bus: Bus;
  readonly log: Logger;
  readonly metrics: Pick<MadMetrics, 'count' | 'set'>;
  /** Names this instance in the clients' records. */
  readonly instanceId: string;
  /** Clients that were not used for so long are forgotten, in milliseconds. */
  readonly idleMs: number;
  readonly maxClients: number;
  readonly clock?: Clock;
  readonly pushLimits?: PushLimits;
  /** Memory that all queues together may hold, in bytes of JSON. */
  readonly poolBytes?: number;
}

/** Reads of the log for single clients at one time: each holds a batch in memory. */
const MAX_READING_ALONE = 4;
/** Longest time that a client which reads alone waits for its connection at one time, in milliseconds. */
const ROOM_CHECK_MS = 20;
/** How much longer than the idle time a record lives, so that it never ends before its client. */
const RECORD_LIFE = 1.25;

/** What Grace's tools work on: the clients, their queues, and the one reader that fills them. */
export class Gateway {
  readonly bus: Bus;
  readonly fanOut: FanOut;
  readonly clients: ClientTable;
  readonly records: ClientRecords;
  readonly keeper: RecordKeeper;
  readonly push: Push;
  /** For reads of the log on behalf of one client. */
  readonly turns = new Turns(MAX_READING_ALONE);
  readonly #metrics: GatewayMetrics;
  readonly #stopped = new AbortController();

  constructor(options: GatewayOptions) {
    const { bus, log, instanceId, idleMs, maxClients, clock = systemClock } = options;
    const metrics = createGatewayMetrics(options.metrics);
    const pool = new MessagePool(options.poolBytes, (queues) => metrics.dropped('memory', queues));
    this.bus = bus;
    this.#metrics = metrics;
    this.push = new Push(options.pushLimits ?? PUSH_LIMITS, () => metrics.closedSlowReader());
    this.records = new ClientRecords(bus.kv, idleMs * RECORD_LIFE);
    this.fanOut = new FanOut({
      bus,
      log,
      turns: this.turns,
      deliver: (client, message) => this.#deliver(client, message),
      tellGap: (client, { reason, from, to }) => this.#tellGap(client, { reason, from, to }),
      onGap: ({ reason }) => metrics.gap(reason),
      ready: (client) => this.#ready(client),
    });
    const { fanOut, push, records } = this;
    const busConnected = (): boolean => bus.status().connected;
    const shared = { instanceId, records, fanOut, clock, log, idleMs, busConnected };
    this.clients = new ClientTable({
      ...shared,
      push,
      pool,
      maxClients,
      save: (client) => this.keeper.save(client),
      onForgotten: (reason) => {
        metrics.forgotten(reason);
        this.showSize();
      },
    });
    this.keeper = new RecordKeeper({ ...shared, table: this.clients });
  }

  async start(): Promise<void> {
    this.fanOut.start();
    this.keeper.start();
  }

  async stop(): Promise<void> {
    if (this.#stopped.signal.aborted) return;
    this.#stopped.abort();
    await this.fanOut.stop();
    this.push.stop();
    await this.keeper.stop();
  }

  /** Tells the metrics how many clients there are. */
  showSize(): void {
    this.#metrics.clients(this.clients.size);
  }

  #deliver(client: Client, message: SharedMessage): void {
    if (message.owner !== undefined && !owns(client.owner, message.owner)) return;
    // The log is the queue of a client that polls by position: it only has to know.
    if (!client.byPosition) this.#hand(client, message);
    client.wake();
  }

  #hand(client: Client, message: SharedMessage): void {
    if (client.push && this.push.send(client, client.push, message)) {
      client.handed = message.position;
      client.unsaved = true;
      return;
    }
    if (client.queue.put(message)) this.#metrics.dropped('queue_full', 1);
    if (client.push) this.push.waits(client, client.push, message);
  }

  #tellGap(client: Client, gap: Parameters<Client['addGap']>[0]): void {
    if (client.byPosition) return;
    client.addGap(gap);
    if (client.push) this.push.flushLater(client);
    client.wake();
  }

  async #ready(client: Client): Promise<void> {
    const { signal } = this.#stopped;
    while (client.push && this.push.isBehind(client, client.push) && !signal.aborted) {
      await within(null, ROOM_CHECK_MS, signal);
    }
  }
}
