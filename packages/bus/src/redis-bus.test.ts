import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Envelope, MAX_ENVELOPE_BYTES, type Position, silentLogger } from '@mad-group/protocol';
import { recordingLog } from '@mad-group/protocol/testing';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Bus, LogItem } from './bus.ts';
import { DEFAULT_LOG_LIMITS, type LogLimits } from './log-limits.ts';
import { createRedisBus } from './redis-bus.ts';
import { busConformance } from './testing/conformance.ts';
import { collect, message } from './testing/reading.ts';
import { startRedis, type TestRedis } from './testing/redis-server.ts';

let server: TestRedis;
let plain: Redis;
let prefix = '';
let tests = 0;
const buses: Bus[] = [];
const clients: Redis[] = [];

beforeAll(async () => {
  server = await startRedis();
  plain = new Redis(server.url);
});
afterAll(async () => {
  plain.disconnect();
  await server.stop();
});
beforeEach(() => {
  tests += 1;
  prefix = `{test-${tests}}:`;
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await Promise.all(buses.splice(0).map((bus) => bus.stop()));
});

async function startBus(limits: Partial<LogLimits> = {}, log = silentLogger): Promise<Bus> {
  const bus = createRedisBus({
    url: server.url,
    log,
    limits: { ...DEFAULT_LOG_LIMITS, ...limits },
    keyPrefix: prefix,
  });
  buses.push(bus);
  await bus.start();
  return bus;
}

const ALL = { patterns: () => ['mad.#'] };
const texts = (items: readonly LogItem[]): unknown[] =>
  items.map((item) => (item.kind === 'message' ? item.envelope.payload.text : item.reason));

function startClient(): Redis {
  const client = plain.duplicate();
  clients.push(client);
  return client;
}

/** Connections that listen for foreign messages. */
const listeners = async (): Promise<number> =>
  String(await plain.client('LIST')).split(' psub=1 ').length - 1;

busConformance('the redis bus', startBus);

describe('for other clients of Redis', () => {
  test('a message is on its channel with its position', async () => {
    const bus = await startBus();
    const subscriber = startClient();
    const heard: Envelope[] = [];
    subscriber.on('message', (_channel, text: string) => heard.push(JSON.parse(text) as Envelope));
    await subscriber.subscribe('mad.topic.test');
    const envelope = message('naïve "}');
    const position = await bus.publish(envelope);
    await vi.waitFor(() => expect(heard).toEqual([{ ...envelope, position }]));
    // Said again, it is not published again.
    await bus.publish(envelope, { retry: true });
    await bus.publish(message('next'));
    await vi.waitFor(() => expect(heard.map(({ payload }) => payload.text)).toEqual(['naïve "}', 'next']));
  });

  test('what they publish is taken into the log once, marked, filled up, and not published again', async () => {
    const [bus, second] = [await startBus(), await startBus()];
    const stop = new AbortController();
    const adopting = [bus.adoptForeign(stop.signal), second.adoptForeign(stop.signal)];
    await vi.waitFor(async () => expect(await listeners()).toBe(2));
    const subscriber = startClient();
    let heard = 0;
    subscriber.on('pmessage', () => {
      heard += 1;
    });
    await subscriber.psubscribe('mad.*');

    const whole = {
      ...message('from the first generation'),
      channel: 'elsewhere',
      headers: { scopes: 'admin' },
    };
    await plain.publish('mad.topic.old', JSON.stringify(whole));
    await collect(bus, { from: 'start' }, 1);
    await bus.publish(message('ours'));
    await plain.publish('mad.topic.old', JSON.stringify(message('last', { channel: 'mad.topic.old' })));

    const items = await collect(bus, { from: 'start' }, 3);
    const { headers: _, ...kept } = whole;
    expect(items).toMatchObject([
      { kind: 'message', foreign: true, envelope: { ...kept, channel: 'mad.topic.old' } },
      { kind: 'message', foreign: false },
      { kind: 'message', foreign: true },
    ]);
    expect((items[0] as { envelope: Envelope }).envelope).not.toHaveProperty('headers');
    expect(texts(items)).toEqual(['from the first generation', 'ours', 'last']);
    expect(heard).toBe(3);
    stop.abort();
    await Promise.all(adopting);
  });

  test('what is no envelope becomes one, and what is too large is told of', async () => {
    const { log, lines } = recordingLog();
    const bus = await startBus({}, log);
    const stop = new AbortController();
    const adopting = bus.adoptForeign(stop.signal);
    await vi.waitFor(async () => expect(await listeners()).toBe(1));
    await plain.publish('mad.topic.old', 'x'.repeat(MAX_ENVELOPE_BYTES + 1));
    for (const text of ['plain words', '[1,2]', '{"hello":1}', '{"payload":"words","sender_id":"old"}']) {
      await plain.publish('mad.topic.old', text);
    }
    const items = await collect(bus, { from: 'start' }, 4);
    expect(
      items.map((item) => item.kind === 'message' && [item.envelope.sender_id, item.envelope.payload]),
    ).toEqual([
      ['unknown', { raw: 'plain words' }],
      ['unknown', { raw: [1, 2] }],
      ['unknown', { raw: { hello: 1 } }],
      ['old', { raw: 'words' }],
    ]);
    expect(lines).toMatchObject([{ level: 'warn', facts: { reason: 'too large', count: 1 } }]);
    stop.abort();
    await adopting;
  });
});

describe('the log in Redis', () => {
  test('that is flushed under a blocked reader gives a gap of unknown size within two seconds', async () => {
    const bus = await startBus();
    const before = await bus.publish(message('before'));
    const items: LogItem[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      for await (const batch of bus.read({ from: 'start', ...ALL, signal: stop.signal }))
        items.push(...batch.items);
    })();
    await vi.waitFor(() => expect(texts(items)).toEqual(['before']));
    await plain.del(`${prefix}log`, `${prefix}log:head`);
    await vi.waitFor(
      () => expect(items[1]).toMatchObject({ kind: 'gap', reason: 'epoch', from: before }),
      2_000,
    );
    await bus.publish(message('after'));
    await vi.waitFor(() => expect(texts(items)).toEqual(['before', 'epoch', 'after']));
    stop.abort();
    await reading;
  });

  test('that begins anew with entries at once gives the gap, then all of them', async () => {
    const bus = await startBus();
    const before = await bus.publish(message('before'));
    await plain.del(`${prefix}log`);
    await Promise.all(['1', '2', '3'].map((text) => bus.publish(message(text))));
    expect(texts(await collect(bus, { from: before }, 4))).toEqual(['epoch', '1', '2', '3']);
  });

  test('that is trimmed past a reader in the middle of its work gives a gap with both ends', async () => {
    const bus = await startBus();
    const positions = await Promise.all(
      Array.from({ length: 50 }, (_, index) => bus.publish(message(`${index}`))),
    );
    const items: LogItem[] = [];
    const stop = new AbortController();
    for await (const batch of bus.read({ from: 'start', ...ALL, maxBatch: 10, signal: stop.signal })) {
      items.push(...batch.items);
      if (items.length === 10) await plain.xtrim(`${prefix}log`, 'MAXLEN', 5);
      if (batch.caughtUp) break;
    }
    expect(items[10]).toEqual({ kind: 'gap', reason: 'trimmed', from: positions[9], to: positions[45] });
    expect(texts(items.slice(11))).toEqual(['45', '46', '47', '48', '49']);
  });

  test('of which all is gone gives a gap up to the newest entry there was', async () => {
    const bus = await startBus();
    const first = await bus.publish(message('1'));
    const last = await bus.publish(message('2'));
    await plain.xtrim(`${prefix}log`, 'MAXLEN', 0);
    const batch = await bus.readOnce({ from: first, ...ALL });
    expect(batch).toEqual({
      items: [{ kind: 'gap', reason: 'trimmed', from: first, to: last }],
      position: last,
      caughtUp: true,
    });
  });

  test('that lost its end, as a failover may, gives a gap and doubles nothing', async () => {
    const bus = await startBus();
    await bus.publish(message('1'));
    const keys = [`${prefix}log`, `${prefix}log:head`];
    const copies = await Promise.all(keys.map((key) => plain.dumpBuffer(key)));
    const lost = await bus.publish(message('lost'));
    const items: LogItem[] = [];
    const stop = new AbortController();
    const reading = (async () => {
      for await (const batch of bus.read({ from: 'start', ...ALL, signal: stop.signal, idleMs: 50 })) {
        items.push(...batch.items);
      }
    })();
    await vi.waitFor(() => expect(texts(items)).toEqual(['1', 'lost']));
    await Promise.all(keys.map((key, index) => plain.restore(key, 0, copies[index] as Buffer, 'REPLACE')));
    await vi.waitFor(
      () => expect(items[2]).toMatchObject({ kind: 'gap', reason: 'epoch', from: lost }),
      3_000,
    );
    await bus.publish(message('instead'));
    await vi.waitFor(() => expect(texts(items)).toEqual(['1', 'lost', 'epoch', 'instead']));
    stop.abort();
    await reading;
  });

  test('keeps its order when the clock of Redis goes back', async () => {
    const bus = await startBus();
    await bus.publish(message('1'));
    const aheadMs = Date.now() + 3_600_000;
    await plain.hset(`${prefix}log:head`, 'ms', aheadMs);
    const position: Position = await bus.publish(message('2'));
    expect(position).toMatch(new RegExp(`:${aheadMs}-2$`));
    expect(texts((await bus.readOnce({ from: 'start', ...ALL })).items)).toEqual(['1', '2']);
  });

  test('lets go of what is too old', async () => {
    const bus = await startBus({ maxAgeMs: 1 });
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 100 }, () => bus.publish(message('x'))));
    }
    expect(await plain.xlen(`${prefix}log`)).toBeLessThan(500);
  });

  test('grows shorter where its memory is over the limit', async () => {
    const maxBytes = 1_000_000;
    const bus = await startBus({ maxBytes });
    for (let round = 0; round < 40; round += 1) {
      await Promise.all(Array.from({ length: 100 }, () => bus.publish(message('x'.repeat(1_000)))));
    }
    await vi.waitFor(async () => {
      await bus.publish(message('x'.repeat(100_000)));
      expect(await plain.memory('USAGE', `${prefix}log`, 'SAMPLES', 0)).toBeLessThan(maxBytes * 1.3);
    });
  });

  test('keeps everything while its memory is within the limit', async () => {
    const bus = await startBus({ maxBytes: 1_000_000 });
    await bus.publish(message('alone, it weighs much'));
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 100 }, () => bus.publish(message('x'))));
    }
    expect(await plain.xlen(`${prefix}log`)).toBe(1_001);
  });

  test('is written by a script that Redis forgot and is told again', async () => {
    const bus = await startBus();
    await bus.publish(message('1'));
    await plain.script('FLUSH');
    await Promise.all(['2', '3', '4'].map((text) => bus.publish(message(text))));
    expect(texts((await bus.readOnce({ from: 'start', ...ALL })).items)).toEqual(['1', '2', '3', '4']);
  });
});

describe('an entry that is no message', () => {
  test('is told of with its place and left out, and what stands around it is read', async () => {
    const { log, lines } = recordingLog();
    const bus = await startBus({}, log);
    await bus.publish(message('before'));
    const epoch = (await plain.hget(`${prefix}log:head`, 'epoch')) as string;
    const whole = message('x');
    const bad = [
      'null',
      '7',
      '"text"',
      '[]',
      '{',
      '{"message_id":"x"}',
      JSON.stringify({ ...whole, sender_id: undefined }),
      JSON.stringify({ ...whole, payload: null }),
      JSON.stringify({ ...whole, payload: [] }),
    ];
    const channel = ['channel', 'mad.topic.test'];
    // One of another layout, as somebody else's, in the middle.
    const entries = [...bad.slice(0, 4), undefined, ...bad.slice(4)].map((json) =>
      json === undefined ? [...channel, 'id', 'x', 'epoch', epoch] : [...channel, epoch, json],
    );
    for (const [index, fields] of entries.entries()) {
      await plain.xadd(`${prefix}log`, `${Date.now()}-${index + 2}`, ...fields);
    }
    await plain.hset(`${prefix}log:head`, 'ms', Date.now(), 'number', entries.length + 1);
    await bus.publish(message('after'));
    expect(texts(await collect(bus, { from: 'start' }, 2))).toEqual(['before', 'after']);
    expect(texts((await bus.readOnce({ from: 'start', ...ALL })).items)).toEqual(['before', 'after']);
    const told = lines.filter(({ level }) => level === 'error');
    expect(told).toHaveLength(2 * entries.length);
    expect(told[0]?.facts).toMatchObject({
      position: expect.stringMatching(/-2$/),
      channel: 'mad.topic.test',
    });
  });
});

describe('a read that does not wait', () => {
  test('leaves the publishing connection to what is published', async () => {
    const bus = await startBus();
    await bus.publish(message('1'));
    await bus.readOnce({ from: 'start', ...ALL });
    await bus.readOnce({ from: 'start', ...ALL });
    const clients = String(await plain.client('LIST')).split('\n');
    const polls = clients.filter((line) => line.includes('name=mad-polls '));
    expect(polls).toHaveLength(1);
    expect(polls[0]).toContain('cmd=xread');
  });
});

describe('a stopped bus', () => {
  test('leaves no connection behind, whatever was under way', async () => {
    const ours = async (): Promise<number> =>
      String(await plain.client('LIST'))
        .split('\n')
        .filter((line) => line.includes('name=mad-')).length;
    const bus = await startBus();
    const signal = new AbortController().signal;
    const reading = (async () => {
      for await (const batch of bus.read({ from: 'end', ...ALL, signal, idleMs: 60_000 }))
        expect(batch.items).toEqual([]);
    })();
    const adopting = bus.adoptForeign(signal);
    await vi.waitFor(async () => expect(await ours()).toBe(3));
    await bus.stop();
    await Promise.all([reading, adopting]);
    await vi.waitFor(async () => expect(await ours()).toBe(0));
  });

  test('lets its process end', async () => {
    const index = new URL('./index.ts', import.meta.url).href;
    const script = `
      import { createBus, DEFAULT_LOG_LIMITS } from ${JSON.stringify(index)};
      const nothing = () => undefined;
      const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
      for (const url of [${JSON.stringify(server.url)}, 'redis://127.0.0.1:1', undefined]) {
        const bus = createBus({ url, limits: DEFAULT_LOG_LIMITS }, { log });
        const changed = new Promise((resolve) => bus.onStatus(resolve));
        await bus.start();
        await changed;
        const reading = bus.read({ from: 'start', patterns: () => ['mad.#'], signal: new AbortController().signal }).next();
        if (bus.status().connected) await bus.kv.set('${prefix}', 'value', 1000);
        await bus.stop();
        await reading;
      }
      console.log('stopped');
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', script],
      {
        timeout: 10_000,
      },
    );
    expect(stdout).toBe('stopped\n');
  });
});
