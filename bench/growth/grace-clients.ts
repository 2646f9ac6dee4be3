import type { TestRedis } from '@mad-group/bus/testing';
import { connectTools, type ToolClient } from '@mad-group/mad';
import { type BenchMad, startMad } from '../kit/mad.ts';
import { cpuMs } from '../kit/process-cost.ts';
import { emptyRedis, startBenchRedis } from '../kit/redis.ts';
import { startWorker, type Worker } from '../kit/worker.ts';
import { type Plot, sizesTo } from './curve.ts';

/** How many clients there are, and what the n-th subscribes to. */
type Topics = (n: number) => string;
const CHANNEL = 'mad.topic.bench';

const CURVES: Record<string, { topics: Topics; messages: (clients: number) => number }> = {
  'all subscribe to it': { topics: () => CHANNEL, messages: (clients) => (clients > 1_000 ? 300 : 2_000) },
  'a channel each, not this one': { topics: (n) => `mad.topic.c${n}`, messages: () => 10_000 },
  'a prefix each, not this one': { topics: (n) => `mad.topic.c${n}.*`, messages: () => 10_000 },
};

/** What Grace does for one message, by the clients it has and by what they subscribed to. */
export async function graceClients(short: boolean, say: (line: string) => void): Promise<Plot> {
  const redis = await startBenchRedis();
  const curves: Plot['curves'][number][] = [];
  try {
    for (const [name, { topics, messages }] of Object.entries(CURVES)) {
      const points: { size: number; cost: number }[] = [];
      for (const size of [1, 10, ...sizesTo(10_000, short)]) {
        const cost = await messageCostUs(redis, size, topics, messages(size));
        // The processor's time is known to 10 ms.
        points.push({ size, cost: Math.max(cost, 0.1) });
        say(`  ${name}, ${size} clients: ${cost.toFixed(1)} µs`);
      }
      curves.push({ name, points });
    }
  } finally {
    await redis.stop();
  }
  return {
    name: 'grace-clients',
    title: 'Grace: what a message costs, by clients',
    sizeUnit: 'clients subscribed',
    costUnit: 'microseconds of Grace’s processor time for a message',
    curves,
  };
}

async function messageCostUs(
  redis: TestRedis,
  clients: number,
  topics: Topics,
  messages: number,
): Promise<number> {
  await emptyRedis(redis);
  const grace = await startMad('grace', { REDIS_URL: redis.url, GRACE_MAX_CLIENTS: '100000' });
  const tools = await connectTools(grace.url);
  const publisher = startWorker('bus-publisher');
  try {
    await publisher.ask('connect', { url: redis.url });
    await subscribeAll(tools, clients, topics);
    await tools.callOrThrow('grace_subscribe', { client_id: 'last', topics: ['mad.topic.last'] });
    // Until the code is compiled, and the clients' records are written.
    await through(tools, publisher, messages);
    return ((await busyMs(grace, () => through(tools, publisher, messages))) * 1000) / messages;
  } finally {
    await publisher.stop();
    await tools.close();
    await grace.stop();
  }
}

async function subscribeAll(tools: ToolClient, clients: number, topics: Topics): Promise<void> {
  for (let next = 0; next < clients; next += 30) {
    const numbers = Array.from({ length: Math.min(30, clients - next) }, (_, index) => next + index);
    await Promise.all(
      numbers.map((n) =>
        tools.callOrThrow('grace_subscribe', { client_id: `client-${n}`, topics: [topics(n)] }),
      ),
    );
  }
}

/** Publishes so many messages and waits until Grace has seen the last. */
async function through(tools: ToolClient, publisher: Worker, messages: number): Promise<void> {
  await publisher.ask('burst', { count: messages, window: 500 });
  const last = { channel: 'mad.topic.last', payload: { last: true } };
  await tools.callOrThrow('grace_send_message', last);
  const poll = { client_id: 'last', wait_ms: 30_000 };
  const { messages: got } = await tools.callOrThrow('grace_poll_messages', poll);
  if ((got as unknown[]).length !== 1) throw new Error('Grace did not come to the last message');
}

async function busyMs({ pid }: BenchMad, work: () => Promise<void>): Promise<number> {
  const before = cpuMs(pid);
  await work();
  return cpuMs(pid) - before;
}
