import { positionTimeMs } from '@mad-group/protocol';
import { describe, expect, test } from 'vitest';
import { startConsole } from './console.test-support.ts';

const long = (count: number): string => 'x'.repeat(count);

describe('who may look', () => {
  test('without a token, or with an unknown one, nobody; the answer says what to show', async () => {
    const { get, base } = await startConsole();
    for (const path of ['api/session', 'api/bus', 'api/search?correlation_id=x', 'api/message?position=x']) {
      const response = await get(path, null);
      expect([path, response.status]).toEqual([path, 401]);
      expect(response.headers.get('www-authenticate')).toContain('Bearer');
      expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
    }
    const call = await fetch(`${base}/api/call`, { method: 'POST' });
    expect(call.status).toBe(401);
  });

  test('a token without the scope read sees who it is, and no more', async () => {
    const { get } = await startConsole();
    expect(await (await get('api/session', 'pub')).json()).toEqual({
      caller: 'pub',
      scopes: ['publish'],
      version: '0.1.0',
      now: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    const response = await get('api/bus', 'pub');
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      message: "The console needs the scope 'read'; 'pub' has: publish.",
    });
  });

  test('where nobody is asked for a token, the reader is local', async () => {
    const { get } = await startConsole({ tokens: '' });
    expect(await (await get('api/session', null)).json()).toMatchObject({ caller: 'local' });
  });

  test('a page of another host may not ask', async () => {
    const { base, headers } = await startConsole();
    const asked = await fetch(`${base}/api/session`, {
      headers: { ...headers('alice'), origin: 'http://evil.example' },
    });
    expect(asked.status).toBe(403);
  });

  test('a form of a foreign page cannot call: JSON has its own content type', async () => {
    const { base, headers } = await startConsole();
    const body = JSON.stringify({ mad: 'fiedler', tool_name: 'fiedler_cancel_task', tool_input: {} });
    const sent = await fetch(`${base}/api/call`, {
      method: 'POST',
      headers: { ...headers('alice'), 'content-type': 'text/plain' },
      body,
    });
    expect(sent.status).toBe(400);
  });
});

describe('the bus, read by position', () => {
  test('begins with the newest messages, goes on live, and resumes behind any position', async () => {
    const { publish, open } = await startConsole();
    for (let index = 0; index < 20; index += 1) await publish(`${index}`);
    const first = await open('api/bus?newest=5');
    await publish('live');
    await expect.poll(first.texts).toEqual(['15', '16', '17', '18', '19', 'live']);
    await expect.poll(first.position).toBe(first.messages().at(-1)?.position);
    first.close();
    await publish('missed');
    const second = await open(`api/bus?after=${first.position()}`);
    await publish('later');
    await expect.poll(second.texts).toEqual(['missed', 'later']);
    expect(second.frames.some(({ type }) => type === 'gap')).toBe(false);
  });

  test('begins with a message again, as a page that is loaded anew does', async () => {
    const { publish, open } = await startConsole();
    const positions = [];
    for (const text of ['a', 'b', 'c']) positions.push(await publish(text));
    const { texts, frames } = await open(`api/bus?from=${positions[1]}`);
    await expect.poll(texts).toEqual(['b', 'c']);
    const first = (await open('api/bus?newest=20000')).messages;
    await expect.poll(() => first().length).toBeGreaterThan(2);
    const whole = await open(`api/bus?from=${first()[0]?.position}`);
    await expect.poll(whole.texts).toEqual(['a', 'b', 'c']);
    expect([...frames, ...whole.frames].some(({ type }) => type === 'gap')).toBe(false);
  });

  test('tells of a position that is of another log as a gap', async () => {
    const { publish, open } = await startConsole();
    await publish('here');
    const { frames, texts } = await open('api/bus?after=another-epoch:1-1');
    await expect.poll(texts).toEqual(['here']);
    expect(frames.find(({ type }) => type === 'gap')).toMatchObject({ reason: 'epoch' });
  });

  test('of another caller’s message tells no more than the statistics do; admin reads it', async () => {
    const { publish, open } = await startConsole();
    await publish('of bob', { channel: 'mad.stream.task-1', headers: { owner: 'bob' } });
    await publish('of all');
    const [alice, bob, root] = [
      await open('api/bus'),
      await open('api/bus', 'bob'),
      await open('api/bus', 'root'),
    ];
    await expect.poll(alice.texts).toEqual(['of all']);
    const withheld = alice.frames.find(({ type }) => type === 'withheld');
    expect(withheld).toEqual({
      type: 'withheld',
      position: expect.any(String),
      sender_id: 'tester',
      topic_pattern: 'mad.stream',
    });
    await expect.poll(bob.texts).toEqual(['of bob', 'of all']);
    await expect.poll(root.texts).toEqual(['of bob', 'of all']);
  });

  test('says on whose behalf a call was made to nobody', async () => {
    const { publish, open } = await startConsole();
    await publish('asked', { headers: { caller: 'bob', scopes: 'read', traceparent: 't' } });
    const { messages } = await open('api/bus', 'root');
    const find = () => messages().find(({ payload }) => payload?.text === 'asked');
    await expect.poll(() => find()?.headers).toEqual({ traceparent: 't' });
  });

  test('a large payload comes as its beginning, and whole when asked for', async () => {
    const { publish, open, get } = await startConsole();
    const position = await publish(long(100_000));
    const small = await publish(long(1000));
    const { messages } = await open('api/bus');
    const find = (at: string) => messages().find((message) => message.position === at);
    await expect.poll(() => find(small)).toMatchObject({ payload: { text: long(1000) } });
    expect(find(position)).toMatchObject({ payload: null, excerpt: expect.stringMatching(/^{"text":"x+$/) });
    const whole = await (await get(`api/message?position=${position}`)).json();
    expect(whole).toMatchObject({ position, payload: { text: long(100_000) } });
  });

  test('one message is not to be had by another caller, or when it is gone', async () => {
    const { publish, get } = await startConsole();
    const position = await publish('of bob', { headers: { owner: 'bob' } });
    expect((await get(`api/message?position=${position}`, 'bob')).status).toBe(200);
    expect((await get(`api/message?position=${position}`)).status).toBe(404);
    expect((await get('api/message?position=other:1-1', 'bob')).status).toBe(404);
    expect((await get('api/message?position=nonsense', 'bob')).status).toBe(400);
  });

  test('tells how the group is, at once and when it changes', async () => {
    const { publish, open } = await startConsole();
    const { frames } = await open('api/bus');
    const status = () => {
      const group = frames.findLast(({ type }) => type === 'group');
      return group?.type === 'group'
        ? group.connections.find(({ mad_id }) => mad_id === 'tester')?.status
        : null;
    };
    await expect.poll(status).toBeUndefined();
    expect(frames[0]).toMatchObject({ type: 'group', bus: { kind: 'memory', connected: true } });
    await publish('1');
    await expect.poll(status).toBe('CONNECTED');
    await publish('2');
    await expect.poll(status).toBe('HEALTHY');
  });

  test('a line comes at least each second, so that who hears none knows that it is cut off', async () => {
    const { open } = await startConsole();
    const { frames } = await open('api/bus');
    const positions = () => frames.filter(({ type }) => type === 'position').length;
    await expect.poll(positions, { timeout: 5_000 }).toBeGreaterThan(2);
  });

  test('ends when its token is taken away, and says so', async () => {
    const { open, forgetTokens } = await startConsole();
    const { frames, ended } = await open('api/bus');
    await expect.poll(() => frames.length).toBeGreaterThan(0);
    forgetTokens();
    await ended;
    expect(frames.at(-1)).toMatchObject({ type: 'error', code: 'unauthenticated' });
  });

  test('ends when Rogers stops, and says so', async () => {
    const { open, rogers } = await startConsole();
    const { frames, ended } = await open('api/bus');
    await expect.poll(() => frames.length).toBeGreaterThan(0);
    await rogers.stop({ deadlineMs: 2_000 });
    await ended;
    expect(frames.at(-1)).toMatchObject({ type: 'error', code: 'draining' });
  });

  test('a reader that stops reading for a while holds nothing up and loses nothing', async () => {
    const { publish, base, headers } = await startConsole();
    const response = await fetch(`${base}/api/bus?newest=0`, {
      headers: { ...headers('alice'), 'accept-encoding': 'identity' },
    });
    expect(response.headers.get('content-encoding')).toBeNull();
    const count = 3000;
    // Some 12 MB: more than the sockets between take.
    await Promise.all(Array.from({ length: count }, (_, index) => publish(`${index} ${long(4000)}`)));
    const seen: number[] = [];
    let rest = '';
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      rest += Buffer.from(chunk).toString('latin1');
      const lines = rest.split('\n');
      rest = lines.pop() as string;
      for (const line of lines) {
        const frame = JSON.parse(line);
        if (frame.type === 'message' && frame.message.sender_id === 'tester') {
          seen.push(Number.parseInt(frame.message.payload.text, 10));
        }
      }
      if (seen.length >= count) break;
    }
    expect(seen).toEqual(Array.from({ length: count }, (_, index) => index));
  });

  test('comes packed to a client that can unpack it, and each line at once all the same', async () => {
    const { publish, base, headers } = await startConsole();
    for (let index = 0; index < 200; index += 1) await publish(`${index}`);
    const response = await fetch(`${base}/api/bus?newest=200`, { headers: headers('alice') });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let text = '';
    const untilRead = async (words: string) => {
      while (!text.includes(words)) text += Buffer.from((await reader.read()).value ?? []).toString();
    };
    await untilRead('"text":"199"');
    await publish('a single one');
    await untilRead('a single one');
    await reader.cancel();
  });

  test('so many read at once, and no more; a place is free again when one leaves', async () => {
    const { open, get, metrics } = await startConsole();
    const opened = [];
    for (let index = 0; index < 32; index += 1) opened.push(await open('api/bus'));
    const refused = await get('api/bus');
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ code: 'too_many_clients', retry_after_ms: 10_000 });
    expect(await metrics.registry.metrics()).toContain('mad_console_readers 32');
    opened[0]?.close();
    await expect.poll(async () => (await open('api/bus')).status).toBe(200);
  });

  test.each(['after=nonsense', 'newest=-1', 'newest=many', 'newest=99999999'])(
    '%s is refused',
    async (query) => {
      const { get } = await startConsole();
      expect((await get(`api/bus?${query}`)).status).toBe(400);
    },
  );
});

describe('a search by correlation id', () => {
  test('finds every hop in order, however far back, and says from where it looked', async () => {
    const { publish, open } = await startConsole();
    const expected: string[] = [];
    for (let index = 0; index < 1500; index += 1) {
      const isHop = index % 500 === 3;
      if (isHop) expected.push(`${index}`);
      await publish(`${index}`, isHop ? { correlationId: 'the-one' } : {});
    }
    await publish('of bob', { correlationId: 'the-one', headers: { owner: 'bob' } });
    const { ended, texts, frames } = await open('api/search?correlation_id=the-one');
    await ended;
    expect(texts()).toEqual(expected);
    expect(frames.at(-1)).toEqual({ type: 'end', searched_from: expect.stringMatching(/^\d{4}-.*Z$/) });
  });

  test('so many at once, and no more; a place is free again when one is over', async () => {
    const { publish, get, base, headers } = await startConsole();
    // More than the sockets take: a search whose finds nobody reads goes on.
    await Promise.all(Array.from({ length: 2000 }, () => publish(long(8000), { correlationId: 'the-one' })));
    const search = 'api/search?correlation_id=the-one';
    const unread = { ...headers('alice'), 'accept-encoding': 'identity' };
    const stuck = await Promise.all(
      Array.from({ length: 8 }, () => fetch(`${base}/${search}`, { headers: unread })),
    );
    expect(stuck.map(({ status }) => status)).toEqual(Array(8).fill(200));
    const refused = await get(search);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({
      code: 'too_many_clients',
      message: '8 searches are under way already. Close one, or try again later.',
    });
    await stuck[0]?.body?.cancel();
    await expect.poll(async () => (await get('api/search?correlation_id=none')).status).toBe(200);
    for (const response of stuck) await response.body?.cancel().catch(() => undefined);
  });

  test('begins at a time where one is given', async () => {
    const { publish, open } = await startConsole();
    const earlierMs = positionTimeMs(await publish('long ago', { correlationId: 'the-one' }));
    await expect.poll(() => Date.now(), { interval: 1 }).toBeGreaterThan(earlierMs);
    const sinceMs = positionTimeMs(await publish('since then', { correlationId: 'the-one' }));
    const found = await open(`api/search?correlation_id=the-one&since_ms=${sinceMs}`);
    await found.ended;
    expect(found.texts()).toEqual(['since then']);
    const none = await open(`api/search?correlation_id=the-one&since_ms=${Date.now() + 60_000}`);
    await none.ended;
    expect(none.texts()).toEqual([]);
    expect(none.frames.at(-1)).toEqual({ type: 'end', searched_from: null });
  });
});
