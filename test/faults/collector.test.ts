// A collector that is not there, or takes connections and never answers: no MAD waits for it.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connectTools, type ToolClient } from '@mad-group/mad';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../kit/free-ports.ts';
import { type Group, startGroup } from '../kit/group.ts';
import { readMetrics, sumOf } from '../kit/metrics.ts';

/** Spans that a MAD keeps for the collector. */
const QUEUE = 200;
/** Calls, each a span: many times what is kept. All of them take some 9 MB. */
const CALLS = 5_000;
/** What the heap may gain by them, in bytes. */
const MOST_GROWTH = 4 * 1024 * 1024;

/** The address of a server that never answers. */
async function deafServer(): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const nobody = async (): Promise<string> => `http://127.0.0.1:${(await freePorts(1))[0]}`;

async function callMany(client: ToolClient, calls: number): Promise<void> {
  for (let done = 0; done < calls; done += 20) {
    await Promise.all(Array.from({ length: 20 }, () => client.callOrThrow('mad_get_status', {})));
  }
}

/** What the heap holds once its garbage is collected. */
async function heldBytes(group: Group): Promise<number> {
  group.running.child.kill('SIGUSR2');
  await delay(500);
  return sumOf(await readMetrics(`${group.platformUrl}/metrics`), 'nodejs_heap_size_used_bytes');
}

describe.each([
  ['is not there', nobody],
  ['never answers', deafServer],
] as const)('a collector that %s', (_, open) => {
  test('holds up no call, no task and no stop, costs no memory, and is told of once', {
    timeout: 240_000,
  }, async () => {
    const group = await startGroup({
      OTEL_EXPORTER_OTLP_ENDPOINT: await open(),
      OTEL_BSP_MAX_QUEUE_SIZE: String(QUEUE),
      OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '100',
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_EXPORTER_OTLP_TIMEOUT: '2000',
      NODE_OPTIONS: '--expose-gc --import=./test/kit/collect-garbage.mjs',
    });
    const client = await connectTools(group.url('fiedler'));
    await callMany(client, 500);
    const before = await heldBytes(group);
    await callMany(client, CALLS);
    expect((await heldBytes(group)) - before).toBeLessThan(MOST_GROWTH);
    expect(await client.callOrThrow('fiedler_ask', { prompt: 'say hello' })).toMatchObject({
      task_status: 'COMPLETED',
    });
    await client.close();

    const { code } = await group.stop();
    expect(code).toBe(0);
    const said = group.log().map(({ msg }) => String(msg));
    expect(said).not.toContain('Not stopped within the deadline');
    // Once a minute at most, and the test takes no five.
    const told = said.filter((msg) => msg.startsWith('Spans could not be sent'));
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThan(5);
  });
});
