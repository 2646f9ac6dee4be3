import { silentLogger } from '@mad-group/protocol';
import { afterEach, expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';
import { createPlatformServer, type PlatformServer } from './platform-server.ts';

const started: PlatformServer[] = [];
async function platform(reasons: Record<string, string | null>) {
  const mads = Object.keys(reasons).map((id) => ({ id, notReady: () => reasons[id] ?? null }));
  const server = createPlatformServer({
    host: '127.0.0.1',
    port: 0,
    portKey: 'PLATFORM_PORT',
    mads,
    metrics: createMetrics(),
    log: silentLogger,
  });
  await server.start();
  started.push(server);
  return {
    server,
    get: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init),
  };
}
afterEach(async () => {
  for (const server of started.splice(0)) await server.stop();
});

test('the process lives while it answers, ready or not', async () => {
  const { get } = await platform({ grace: 'It has not started.' });
  expect((await get('/livez')).status).toBe(200);
});

test('it is ready when each MAD is', async () => {
  const response = await (await platform({ grace: null, rogers: null })).get('/readyz');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: 'ready', mads: { grace: 'ready', rogers: 'ready' } });
});

test('else it names each one and why', async () => {
  const reasons: Record<string, string | null> = { grace: null, rogers: 'It has not seen the bus yet.' };
  const { get } = await platform(reasons);
  const response = await get('/readyz');
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({
    status: 'not ready',
    mads: { grace: 'ready', rogers: 'It has not seen the bus yet.' },
  });
  reasons.rogers = null;
  expect((await get('/readyz')).status).toBe(200);
});

test('metrics are in the format of Prometheus, with the readiness of each MAD', async () => {
  const response = await (await platform({ grace: null, rogers: 'no' })).get('/metrics');
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  expect(text).toContain('mad_ready{mad="grace"} 1');
  expect(text).toContain('mad_ready{mad="rogers"} 0');
  expect(text).toContain('process_cpu_seconds_total');
});

test('it carries nothing else', async () => {
  const { get } = await platform({ grace: null });
  expect((await get('/')).status).toBe(404);
  expect((await get('/mcp', { method: 'POST' })).status).toBe(405);
});

test('a port in use is one line that names it and what moves it', async () => {
  const { server } = await platform({});
  const second = createPlatformServer({
    host: '127.0.0.1',
    port: server.port,
    portKey: 'PLATFORM_PORT',
    mads: [],
    metrics: createMetrics(),
    log: silentLogger,
  });
  await expect(second.start()).rejects.toThrow(
    `Port ${server.port} is in use. Set PLATFORM_PORT to move it.`,
  );
});
