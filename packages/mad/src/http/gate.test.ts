import { request } from 'node:http';
import { MadError } from '@mad-group/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openTestSocket, startToy, type Toy, type ToyOptions } from '../toy-mad.test-support.ts';
import type { Pages } from './pages.ts';

const started: Toy[] = [];
async function toyMad(options: ToyOptions = {}): Promise<Toy> {
  const toy = await startToy(options);
  started.push(toy);
  return toy;
}
afterEach(async () => {
  for (const toy of started.splice(0)) await toy.stop();
});

/** Status and body of the answer to a refused upgrade, or 101. */
function upgrade(
  toy: Toy,
  headers: Record<string, string>,
  path = '',
): Promise<{ status: number; body: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${toy.url}${path}`, { headers });
    socket.on('open', () => {
      socket.terminate();
      resolve({ status: 101, body: {} });
    });
    socket.on('unexpected-response', (_request, response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
    });
    socket.on('error', reject);
  });
}

/** Status of a plain GET; `fetch` would not let us choose the Host. */
const get = (toy: Toy, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const url = { host: '127.0.0.1', port: toy.mad.port, path: '/nothing', headers };
    request(url, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });

describe('upgrades to WebSocket', () => {
  test('without a token, or with a wrong one, are 401 with the reason as JSON', async () => {
    const toy = await toyMad({ tokens: 'alice alice-has-a-long-token read' });
    for (const headers of [{}, { authorization: 'Bearer not-hers-but-as-long' }]) {
      const { status, body } = await upgrade(toy, headers);
      expect(status).toBe(401);
      expect(body).toMatchObject({ status: 'error', code: 'unauthenticated' });
    }
    expect(await toy.metrics.registry.metrics()).toContain(
      'mad_refused_requests_total{mad="toy",reason="unauthenticated"} 2',
    );
  });

  test('with a token stand for its caller, and scopes are asked for at each tool', async () => {
    const toy = await toyMad({ tokens: 'alice alice-has-a-long-token read' });
    const client = await openTestSocket(toy.url, { authorization: 'Bearer alice-has-a-long-token' });
    client.call('toy_echo', { text: 'x' });
    client.call('toy_count', { to: 1 });
    await expect
      .poll(() => client.replies)
      .toMatchObject([
        { caller: 'alice' },
        { code: 'forbidden', message: "'toy_count' needs the scope 'converse'; 'alice' has: read." },
      ]);
  });

  test('are of use no longer than their token is known', async () => {
    let known = true;
    const callers = {
      authenticate: () => {
        if (!known) throw new MadError('unauthenticated', 'Nobody is known by this token.');
        return { name: 'alice', scopes: new Set(['read' as const]) };
      },
      serviceToken: null,
      asksForTokens: true,
      stop: () => undefined,
    };
    const client = await openTestSocket((await toyMad({ callers })).url);
    client.call('toy_echo', { text: 'before' });
    await expect.poll(() => client.replies).toHaveLength(1);
    known = false;
    client.call('toy_echo', { text: 'after' });
    expect(await client.closed).toBe(1008);
    expect(client.replies[1]).toMatchObject({ code: 'unauthenticated' });
  });

  test('from a foreign page or by a foreign name are 403', async () => {
    const toy = await toyMad();
    expect(await upgrade(toy, { origin: 'http://evil.example' })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect(await upgrade(toy, { host: 'evil.example' })).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    expect(await upgrade(toy, {})).toMatchObject({ status: 101 });
  });

  test('at another path are 404', async () => {
    expect(await upgrade(await toyMad(), {}, '/elsewhere')).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    });
  });
});

describe('names of the MAD', () => {
  test.each([
    'localhost',
    '127.0.0.1:8000',
    '[::1]:8000',
    'toy',
    'toy:8000',
    'mad.example',
    'MAD.example:443',
  ])('%s is one', async (host) => {
    expect(await get(await toyMad({ allowedHosts: ['mad.example'] }), { host })).toBe(404);
  });

  test.each(['evil.example', 'toy.evil.example', '127.0.0.1.evil.example', '10.0.0.1', 'localhost.'])(
    '%s is none',
    async (host) => {
      expect(await get(await toyMad({ allowedHosts: ['mad.example'] }), { host })).toBe(403);
    },
  );
});

describe('pages', () => {
  const pages: Pages = {
    path: '/page',
    handle(request, response, context) {
      if (!request.url?.endsWith('/secret')) return void response.end('for anyone');
      try {
        response.end(`for ${context.authenticate().name}`);
      } catch {
        response.writeHead(401).end();
      }
    },
  };
  const ask = (toy: Toy, path: string, headers: Record<string, string> = {}): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: toy.mad.port, path, headers }, (response) =>
        resolve(response.resume().statusCode),
      )
        .on('error', reject)
        .end();
    });

  test('are for anyone at the MAD’s own address; what needs a caller asks for one', async () => {
    const toy = await toyMad({ pages, tokens: 'alice alice-has-a-long-token read' });
    for (const path of ['/page', '/page/', '/page/below?x=y']) expect(await ask(toy, path)).toBe(200);
    expect(await ask(toy, '/page/secret')).toBe(401);
    const authorization = 'Bearer alice-has-a-long-token';
    expect(await ask(toy, '/page/secret', { authorization })).toBe(200);
    // Beside them nothing has changed.
    expect(await ask(toy, '/pages')).toBe(401);
  });

  test('of another host, or asked for by a foreign name, are 403', async () => {
    const toy = await toyMad({ pages });
    expect(await ask(toy, '/page', { host: 'evil.example' })).toBe(403);
    expect(await ask(toy, '/page', { origin: 'http://evil.example' })).toBe(403);
  });

  test('may talk to their own MAD, also where TLS ends before it', async () => {
    const toy = await toyMad({ pages, allowedHosts: ['mads.example'] });
    for (const origin of ['http://mads.example', 'https://mads.example']) {
      expect(await ask(toy, '/page', { host: 'mads.example', origin })).toBe(200);
    }
    for (const origin of [
      'https://mads.example:8443',
      'https://other.mads.example',
      'null',
      'mads.example.evil',
    ]) {
      expect(await ask(toy, '/page', { host: 'mads.example', origin })).toBe(403);
    }
  });
});
