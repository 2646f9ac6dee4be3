import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import { connectTools } from '@mad-group/mad';
import type { TaskEvent } from '@mad-group/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Group, startGroup } from '../kit/group.ts';
import { figure, scaled } from '../kit/scale.ts';
import { type StreamingStub, startStreamingStub, tokensOf } from '../kit/streaming-stub.ts';

const STREAMS = scaled({ short: 40, full: 1_000 });
/** Streams at the same time. */
const AT_ONCE = scaled({ short: 20, full: 40 });
const DISCONNECTS = 5;
const JOINED_AFTER_RESTART = scaled({ short: 20, full: 200 });
const CANCELLED = scaled({ short: 20, full: 100 });
const TOKENS = 30;
/** Within so long a finished task is read whole, and a cancel has reached the provider. */
const SOON_MS = 1_000;

const tokens = (prompt: string): string[] => tokensOf(prompt, TOKENS);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

let redis: TestRedis;
let stub: StreamingStub;
let group: Group;
let env: Record<string, string>;

beforeEach(async () => {
  redis = await startRedis({ appendonly: true });
  stub = await startStreamingStub((prompt) => ({
    tokens: tokens(prompt),
    delayMs: prompt.startsWith('endless') ? 3_600_000 : 10,
  }));
  env = { REDIS_URL: redis.url, OPENAI_BASE_URL: stub.baseUrl, LOG_LEVEL: 'error' };
  group = await startGroup(env);
});
afterEach(async () => {
  await group.stop();
  await stub.stop();
  await redis.stop();
});

/** A connection that can be cut at any moment, without a word. */
interface RawConnection {
  /** Resolves with the reply, or with null where the connection was cut before it came. */
  call(tool: string, input: object): Promise<Record<string, unknown> | null>;
  onPush(listener: (message: Record<string, unknown>) => void): void;
  cut(): void;
  readonly closed: Promise<unknown>;
}

async function open(url: string): Promise<RawConnection> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  const waiting: ((reply: Record<string, unknown> | null) => void)[] = [];
  let push: (message: Record<string, unknown>) => void = () => undefined;
  const closed = once(socket, 'close').then(() => {
    for (const resolve of waiting.splice(0)) resolve(null);
  });
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data)) as Record<string, unknown>;
    if (frame.type === 'message') push(frame.message as Record<string, unknown>);
    else if (frame.status === undefined) throw new Error(`a message was lost: ${String(data)}`);
    else waiting.shift()?.(frame);
  });
  return {
    closed,
    call(tool, input) {
      if (socket.readyState !== WebSocket.OPEN) return Promise.resolve(null);
      return new Promise((resolve) => {
        waiting.push(resolve);
        socket.send(JSON.stringify({ tool_name: tool, tool_input: input }));
      });
    },
    onPush(listener) {
      push = listener;
    },
    cut: () => socket.terminate(),
  };
}

/** Cuts a connection up to five times, each some moment after another token has come. */
function createSaboteur() {
  const places = Array.from({ length: DISCONNECTS }, () => Math.floor(Math.random() * TOKENS));
  places.sort((a, b) => a - b);
  let cuts = 0;
  return {
    cuts: () => cuts,
    /** Looks at what has been read, and perhaps cuts a little later: between calls, in one, in a frame. */
    watch(connection: RawConnection, tokensRead: number): boolean {
      if (cuts >= DISCONNECTS || tokensRead < (places[cuts] as number)) return false;
      cuts += 1;
      setTimeout(() => connection.cut(), Math.random() * 15);
      return true;
    },
  };
}

/** What a reader has of a stream, whatever came to it over whatever connection. */
function createReading() {
  const events: TaskEvent[] = [];
  const faults: string[] = [];
  return {
    events,
    faults,
    add(event: TaskEvent) {
      if (event.seq !== events.length + 1) faults.push(`event ${event.seq} came behind ${events.length}`);
      events.push(event);
    },
    tokens: () =>
      events.reduce((sum, { token }) => sum + (token === '' ? 0 : token.split('#').length - 1), 0),
    ended: () => /COMPLETED|FAILED|CANCELLED/.test(String(events.at(-1)?.status)),
    text: () => events.reduce((text, event) => (event.type === 'attempt' ? '' : text + event.token), ''),
  };
}
type Reading = ReturnType<typeof createReading>;

/** Follows with `fiedler_get_task_events`, from where it was before each cut. */
async function followTask(taskId: string): Promise<[Reading, number]> {
  const reading = createReading();
  const saboteur = createSaboteur();
  while (!reading.ended() || saboteur.cuts() < DISCONNECTS) {
    const connection = await open(group.url('fiedler'));
    let doomed = false;
    for (;;) {
      doomed ||= saboteur.watch(connection, reading.ended() ? TOKENS : reading.tokens());
      if (reading.ended() && !doomed) break;
      const reply = await connection.call('fiedler_get_task_events', {
        task_id: taskId,
        after: reading.events.length,
        wait_ms: 5_000,
        limit: 5,
      });
      if (reply === null) break;
      if (reply.status !== 'success') throw new Error(JSON.stringify(reply));
      for (const event of reply.events as TaskEvent[]) reading.add(event);
    }
    connection.cut();
    await connection.closed;
  }
  return [reading, saboteur.cuts()];
}

/** Is pushed the task's stream by Grace, from the position of the last message before each cut. */
async function bePushed(taskId: string, from: string): Promise<[Reading, number]> {
  const reading = createReading();
  const saboteur = createSaboteur();
  const client_id = `push-${taskId}`;
  let position = from;
  while (!reading.ended() || saboteur.cuts() < DISCONNECTS) {
    const connection = await open(group.url('grace'));
    let doomed = false;
    const done = Promise.withResolvers<void>();
    const look = (): void => {
      doomed ||= saboteur.watch(connection, reading.ended() ? TOKENS : reading.tokens());
      if (reading.ended() && !doomed) done.resolve();
    };
    connection.onPush((message) => {
      position = String(message.position);
      reading.add(message.payload as TaskEvent);
      look();
    });
    const topics = [`mad.stream.${taskId}`];
    await connection.call('grace_subscribe', { client_id, topics, push: true, after: position });
    look();
    await Promise.race([connection.closed, done.promise]);
    connection.cut();
    await connection.closed;
  }
  return [reading, saboteur.cuts()];
}

/** Polls Grace by position. */
async function poll(taskId: string, from: string): Promise<[Reading, number]> {
  const reading = createReading();
  const saboteur = createSaboteur();
  const client_id = `poll-${taskId}`;
  let position = from;
  while (!reading.ended() || saboteur.cuts() < DISCONNECTS) {
    const connection = await open(group.url('grace'));
    await connection.call('grace_subscribe', { client_id, topics: [`mad.stream.${taskId}`] });
    let doomed = false;
    for (;;) {
      doomed ||= saboteur.watch(connection, reading.ended() ? TOKENS : reading.tokens());
      if (reading.ended() && !doomed) break;
      const reply = await connection.call('grace_poll_messages', {
        client_id,
        after: position,
        limit: 5,
        wait_ms: 2_000,
      });
      if (reply === null) break;
      if (reply.status !== 'success') throw new Error(JSON.stringify(reply));
      position = String(reply.position);
      for (const { payload } of reply.messages as { payload: TaskEvent }[]) reading.add(payload);
    }
    connection.cut();
    await connection.closed;
  }
  return [reading, saboteur.cuts()];
}

test('readers that are cut off five times have all of each stream, once and in order; the tasks never notice', async () => {
  const client = await connectTools(group.url('fiedler'));
  const grace = await connectTools(group.url('grace'));
  const marked = await grace.callOrThrow('grace_send_message', { channel: 'mad.topic.begin', payload: {} });
  const begin = String(marked.position);
  const finished: { taskId: string; events: readonly TaskEvent[] }[] = [];
  let next = 0;
  let cuts = 0;

  async function streams(): Promise<void> {
    while (next < STREAMS) {
      const prompt = `stream ${next}`;
      next += 1;
      const taskId = (await client.callOrThrow('fiedler_converse', { prompt, requester_id: 'me' }))
        .task_id as string;
      const ways = [followTask(taskId), bePushed(taskId, begin), poll(taskId, begin)];
      for (const [reading, cutsOfOne] of await Promise.all(ways)) {
        cuts += cutsOfOne;
        const task = await client.callOrThrow('fiedler_get_task_status', { task_id: taskId });
        expect(reading.faults).toEqual([]);
        expect(task).toMatchObject({ status: 'COMPLETED', attempt: 1, last_seq: reading.events.length });
        const { response } = task.result_payload as { response: string };
        expect(response).toBe(tokens(prompt).join(''));
        expect(sha256(reading.text())).toBe(sha256(response));
        if (finished.at(-1)?.taskId !== taskId) finished.push({ taskId, events: reading.events });
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, streams));
  expect(cuts).toBe(STREAMS * 3 * DISCONNECTS);
  // The provider was asked once for each, and nobody hung up on it.
  expect(stub.requests.map(({ outcome }) => outcome)).toEqual(Array(STREAMS).fill('complete'));

  // The folder stays where the group is given one; its first owner removes it in the end.
  await group.running.stop();
  const first = group;
  group = await startGroup(env, first.dataDir);
  const joinMs: number[] = [];
  for (const { taskId, events } of finished.slice(-JOINED_AFTER_RESTART)) {
    const startedMs = performance.now();
    const late = await connectTools(group.url('fiedler'));
    const reply = await late.callOrThrow('fiedler_get_task_events', { task_id: taskId, wait_ms: 5_000 });
    joinMs.push(performance.now() - startedMs);
    await late.close();
    expect(reply).toMatchObject({ task_status: 'COMPLETED', done: true, events });
  }
  expect(Math.max(...joinMs)).toBeLessThan(SOON_MS);
  figure('streams cut', {
    streams: STREAMS,
    readers: STREAMS * 3,
    cuts,
    joinedAfterRestart: joinMs.length,
    joinMsMedian: median(joinMs),
    joinMsMost: Math.round(Math.max(...joinMs)),
  });
  await Promise.all([client.close(), grace.close()]);
  await group.stop();
  group = first;
});

test('a cancel by another client of the owner ends the provider call', async () => {
  const submitter = await connectTools(group.url('fiedler'));
  const canceller = await connectTools(group.url('fiedler'));
  const endMs: number[] = [];
  for (let index = 0; index < CANCELLED; index += 1) {
    const prompt = `endless ${index}`;
    const { task_id } = await submitter.callOrThrow('fiedler_converse', { prompt, requester_id: 'me' });
    const asked = () => stub.requests.find((request) => request.prompt === prompt);
    await expect.poll(() => asked()?.tokensSent, { interval: 2 }).toBe(1);
    const startedMs = performance.now();
    await canceller.callOrThrow('fiedler_cancel_task', { task_id });
    await expect.poll(() => asked()?.outcome, { interval: 2 }).toBe('dropped');
    endMs.push((asked()?.endedMs as number) - startedMs);
    expect(await submitter.callOrThrow('fiedler_get_task_status', { task_id })).toMatchObject({
      status: 'CANCELLED',
    });
  }
  expect(Math.max(...endMs)).toBeLessThan(SOON_MS);
  figure('streams cancelled', {
    tasks: CANCELLED,
    endMsMedian: median(endMs),
    endMsMost: Math.round(Math.max(...endMs)),
  });
  await Promise.all([submitter.close(), canceller.close()]);
});

const median = (values: readonly number[]): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number);
