// Clients of Grace in a process of their own, told what to do by the test that forked it. Each goes
// on polling, or is pushed to, until it is held: then it polls no more, or leaves its socket unread.
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { ClientOrder, ClientPlan, ClientReport } from './grace-load.ts';

interface Message {
  readonly position: string;
  readonly channel: string;
  readonly payload: { readonly n: number; readonly atMs: number };
}
type Reply = Record<string, unknown> & { messages?: Message[]; dropped?: number };

const POLL_WAIT_MS = 2_000;
/** Linux' monotonic clock is one for all processes. */
const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

class LoadClient {
  readonly plan: ClientPlan;
  readonly #url: string;
  readonly #waiting: ((reply: Reply) => void)[] = [];
  readonly #lastNumber = new Map<string, number>();
  #socket: WebSocket | undefined;
  #position: string | undefined;
  #held = false;
  #delivered = 0;
  #dropped = 0;
  #disorder = 0;
  #closes: number[] = [];
  #latenciesMs: number[] = [];

  constructor(url: string, plan: ClientPlan) {
    this.#url = url;
    this.plan = plan;
  }

  async open(): Promise<void> {
    await this.#connect();
    if (this.plan.kind === 'poll') void this.#pollOn();
  }

  hold(held: boolean): void {
    this.#held = held;
    if (this.plan.kind !== 'push') return;
    if (held) this.#socket?.pause();
    else this.#socket?.resume();
  }

  report(): ClientReport {
    const latenciesMs = this.#latenciesMs;
    this.#latenciesMs = [];
    const { id, kind } = this.plan;
    const [delivered, dropped, disorder, closes] = [
      this.#delivered,
      this.#dropped,
      this.#disorder,
      this.#closes,
    ];
    return { id, kind, delivered, dropped, disorder, closes, latenciesMs };
  }

  async #connect(): Promise<void> {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    socket.on('message', (data) => this.#hear(JSON.parse(String(data))));
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    socket.on('close', (code) => {
      this.#closes.push(code);
      void this.#comeBack();
    });
    await this.#call('grace_subscribe', {
      client_id: this.plan.id,
      topics: this.plan.topics,
      ...(this.plan.kind === 'push' ? { push: true } : {}),
      ...(this.#position === undefined ? {} : { after: this.#position }),
    });
  }

  /** Behind what was received last: what Grace dropped meanwhile is still in the log. */
  async #comeBack(): Promise<void> {
    while (this.#held) await sleep(10);
    await this.#connect();
  }

  async #pollOn(): Promise<void> {
    for (;;) {
      while (this.#held) await sleep(10);
      const input = { client_id: this.plan.id, wait_ms: POLL_WAIT_MS };
      const { messages = [], dropped = 0 } = await this.#call('grace_poll_messages', input);
      this.#dropped += dropped;
      for (const message of messages) this.#take(message);
    }
  }

  #call(tool_name: string, tool_input: object): Promise<Reply> {
    return new Promise((resolve) => {
      this.#waiting.push((reply) => {
        if (reply.status !== 'success') throw new Error(`${tool_name} was refused: ${JSON.stringify(reply)}`);
        resolve(reply);
      });
      this.#socket?.send(JSON.stringify({ tool_name, tool_input }));
    });
  }

  #hear(frame: Reply): void {
    if ('status' in frame) this.#waiting.shift()?.(frame);
    else if (frame.type === 'message') this.#take(frame.message as Message);
    else if (frame.type === 'dropped') this.#dropped += frame.count as number;
    else throw new Error(`${this.plan.id} was sent ${JSON.stringify(frame)}`);
  }

  #take({ position, channel, payload }: Message): void {
    if (payload.n <= (this.#lastNumber.get(channel) ?? -1)) this.#disorder += 1;
    this.#lastNumber.set(channel, payload.n);
    this.#position = position;
    this.#delivered += 1;
    if (this.plan.timed) this.#latenciesMs.push(nowMs() - payload.atMs);
  }
}

const clients = new Map<string, LoadClient>();

async function obey(order: ClientOrder): Promise<unknown> {
  if (order.do === 'open') {
    for (const plan of order.plans) {
      const client = new LoadClient(order.url, plan);
      clients.set(plan.id, client);
      await client.open();
    }
  }
  if (order.do === 'hold' || order.do === 'release') {
    for (const id of order.ids) clients.get(id)?.hold(order.do === 'hold');
  }
  return order.do === 'report' ? [...clients.values()].map((client) => client.report()) : null;
}

process.on('message', (order: ClientOrder) => {
  void obey(order).then((answer) => process.send?.(answer));
});
