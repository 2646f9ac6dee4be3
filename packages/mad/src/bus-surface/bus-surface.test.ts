import { type Bus, createMemoryBus } from '@mad-group/bus';
import {
  createEnvelope,
  defineTool,
  directChannel,
  type Envelope,
  LOCAL_CALLER,
  MadError,
  silentLogger,
} from '@mad-group/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { echoTool, failTool, hangTool, startToy, type Toy } from '../toy-mad.test-support.ts';
import { createBusToolClient } from './bus-tool-client.ts';

const bigTool = defineTool({
  name: 'toy_big',
  title: 'Big',
  description: 'A reply that the bus does not take.',
  input: z.object({}),
  output: z.object({ status: z.literal('success'), text: z.string() }),
  readOnly: true,
  scope: 'read',
  handle: () => ({ status: 'success' as const, text: 'x'.repeat(300_000) }),
});

let bus: Bus;
let toy: Toy;
const seen: Envelope[] = [];
const reading = new AbortController();
const ends: (() => Promise<void>)[] = [];

beforeEach(async () => {
  bus = createMemoryBus();
  await bus.start();
  toy = await startToy({
    bus,
    tools: [echoTool, failTool, bigTool, hangTool(() => undefined)],
    tuning: { secondBeatMs: 60_000 },
  });
  seen.length = 0;
  void (async () => {
    for await (const { items } of bus.read({
      from: 'end',
      patterns: () => ['mad.direct.*'],
      signal: reading.signal,
    })) {
      for (const item of items) if (item.kind === 'message') seen.push(item.envelope);
    }
  })();
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  await toy.stop();
  await bus.stop();
});

const ask = (payload: Record<string, unknown>, headers?: Record<string, string>): Envelope =>
  createEnvelope({ channel: directChannel('toy'), senderId: 'someone', payload, headers });
const replies = (): Envelope[] => seen.filter(({ sender_id }) => sender_id === 'toy');

describe('a tool called over the bus', () => {
  test('is answered on the asker’s channel with the same ids', async () => {
    const request = ask(
      { tool_name: 'toy_echo', tool_input: { text: 'hello' } },
      { traceparent: '00-a-b-01' },
    );
    await bus.publish(request);
    await vi.waitFor(() => expect(replies()).toHaveLength(1));
    expect(replies()[0]).toMatchObject({
      channel: 'mad.direct.someone',
      recipient_id: 'someone',
      conversation_id: request.conversation_id,
      correlation_id: request.correlation_id,
      payload: { status: 'success', text: 'hello', caller: 'someone' },
      headers: { in_reply_to: request.message_id, owner: 'someone', traceparent: '00-a-b-01' },
    });
  });

  test('runs as the caller that the gateway stamped, with no more than its scopes', async () => {
    await bus.publish(
      ask({ tool_name: 'toy_echo', tool_input: { text: 'x' } }, { caller: 'alice', scopes: 'read' }),
    );
    await bus.publish(
      ask({ tool_name: 'toy_echo', tool_input: { text: 'x' } }, { caller: 'bob', scopes: 'publish bogus' }),
    );
    await bus.publish(ask({ tool_name: 'toy_echo', tool_input: { text: 'x' } }, { caller: 'eve' }));
    await vi.waitFor(() => expect(replies()).toHaveLength(3));
    const byOwner = Object.fromEntries(replies().map(({ headers, payload }) => [headers?.owner, payload]));
    expect(byOwner.alice).toMatchObject({ caller: 'alice' });
    expect(byOwner.bob).toMatchObject({ code: 'forbidden' });
    expect(byOwner.eve).toMatchObject({ code: 'forbidden' });
  });

  test('says no as everywhere', async () => {
    await bus.publish(ask({ tool_name: 'nothing' }));
    await bus.publish(ask({ tool_name: 'toy_echo', tool_input: {} }));
    await bus.publish(ask({ tool_name: 7 }));
    await vi.waitFor(() => expect(replies()).toHaveLength(3));
    expect(
      replies()
        .map(({ payload }) => payload.message)
        .toSorted(),
    ).toEqual(["'text' is required.", "'tool_name' (string) is required.", 'Unknown tool: nothing']);
  });

  test('with a reply that is too large for the bus is answered with that', async () => {
    await bus.publish(ask({ tool_name: 'toy_big' }));
    await vi.waitFor(() => expect(replies()).toHaveLength(1));
    expect(replies()[0]?.payload).toMatchObject({ status: 'error', code: 'payload_too_large' });
  });

  test('notifications and replies on the same channel are none of its business', async () => {
    await bus.publish(ask({ notification_type: 'task_update' }));
    await bus.publish(ask({}));
    await bus.publish(ask({ tool_name: 'toy_echo' }, { in_reply_to: 'x' }));
    await bus.publish(ask({ tool_name: 'toy_echo', tool_input: { text: 'last' } }));
    await vi.waitFor(() => expect(replies()).toHaveLength(1));
    expect(replies()[0]?.payload).toMatchObject({ text: 'last' });
  });

  test('that the MAD asks of itself is answered once, not for ever', async () => {
    await bus.publish(
      createEnvelope({
        channel: directChannel('toy'),
        senderId: 'toy',
        payload: { tool_name: 'toy_echo', tool_input: { text: 'me' } },
      }),
    );
    await bus.publish(ask({ tool_name: 'toy_echo', tool_input: { text: 'after' } }));
    await vi.waitFor(() => expect(seen.some(({ payload }) => payload.text === 'after')).toBe(true));
    expect(seen.filter(({ payload }) => payload.text === 'me')).toHaveLength(1);
  });
});

describe('a client of tools on the bus', () => {
  async function client(id = 'caller') {
    const made = createBusToolClient({ bus, id, log: silentLogger });
    await made.start();
    ends.push(() => made.stop());
    return made;
  }

  test('calls another MAD and gets its reply, many at once', async () => {
    const { call } = await client();
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, n) => call('toy', 'toy_echo', { text: `${n}`, delay_ms: n % 5 })),
    );
    expect(results.map(({ text }) => text)).toEqual(Array.from({ length: 50 }, (_, n) => `${n}`));
  });

  test('throws the other MAD’s refusal as it was', async () => {
    const { call } = await client();
    const error = await call('toy', 'toy_fail', { kind: 'refusal' }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(MadError);
    expect(error).toMatchObject({
      code: 'queue_full',
      message: 'Too much waits already.',
      retryAfterMs: 1500,
    });
  });

  test('asks on behalf of its own caller', async () => {
    const { call } = await client();
    const result = await call(
      'toy',
      'toy_echo',
      { text: 'x' },
      { caller: { ...LOCAL_CALLER, name: 'alice' } },
    );
    expect(result.caller).toBe('alice');
  });

  test('waits no longer than it was told, nor after an abort, nor after its stop', async () => {
    const one = await client();
    await expect(one.call('toy', 'toy_hang', {}, { timeoutMs: 20 })).rejects.toThrow(
      'toy did not answer toy_hang within 20 ms.',
    );
    const abort = new AbortController();
    const aborted = one.call('toy', 'toy_hang', {}, { signal: abort.signal });
    abort.abort(new Error('gone'));
    await expect(aborted).rejects.toThrow('gone');
    const left = one.call('toy', 'toy_hang', {});
    const expectation = expect(left).rejects.toMatchObject({ code: 'draining' });
    await one.stop();
    await expectation;
  });
});
