import { createMemoryBus } from '@mad-group/bus';
import { HEARTBEAT_CHANNEL, ListToolsOutput, MadStatusOutput } from '@mad-group/protocol';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { FurtherSurface, Lifecycle, MadInside } from './mad-types.ts';
import { openTestSocket, startToy, type Toy, type ToyOptions } from './toy-mad.test-support.ts';

const started: Toy[] = [];
async function toyMad(options: ToyOptions = {}): Promise<Toy> {
  const toy = await startToy(options);
  started.push(toy);
  return toy;
}
afterEach(async () => {
  for (const toy of started.splice(0)) await toy.stop();
});

describe('the life of a MAD', () => {
  const recorded = (events: string[], name: string, fails = false): Lifecycle => ({
    async start() {
      events.push(`start ${name}`);
      if (fails) throw new Error(`${name} is broken`);
    },
    async stop() {
      events.push(`stop ${name}`);
    },
  });

  test('starts its parts in order before the port, and stops them in reverse after it', async () => {
    const events: string[] = [];
    const toy = await toyMad({ parts: [recorded(events, 'a'), recorded(events, 'b')] });
    await toy.mad.start();
    expect(toy.mad.notReady()).toBeNull();
    await toy.mad.stop();
    await toy.mad.stop();
    expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a']);
    expect(toy.mad.notReady()).toBe('It is stopping.');
    await expect(openTestSocket(toy.url)).rejects.toThrow(/ECONNREFUSED/);
  });

  test('a further surface opens behind the port, calls tools as its callers, and closes before the parts', async () => {
    const events: string[] = [];
    let inside: MadInside | undefined;
    const surface = (given: MadInside): FurtherSurface => {
      inside = given;
      return { name: 'ssh', port: 2222, whyClosed: '', ...recorded(events, 'surface') };
    };
    const toy = await toyMad({ parts: [recorded(events, 'part')], surfaces: [surface] });
    expect(toy.mad.surfaces).toMatchObject([{ name: 'ssh', port: 2222 }]);
    const caller = { name: 'ssh:ada', scopes: new Set(['read'] as const) };
    const call = { surface: 'ssh', caller, toolName: 'toy_echo', signals: [] } as const;
    expect(await inside?.callTool({ ...call, toolInput: { text: 'hi' } })).toMatchObject({
      ok: true,
      reply: { text: 'hi', caller: 'ssh:ada' },
    });
    await toy.mad.stop();
    expect(events).toEqual(['start part', 'start surface', 'stop surface', 'stop part']);
    const late = await inside?.callTool({ ...call, toolInput: { text: 'hi' } });
    expect(late).toMatchObject({ ok: false, reply: { code: 'draining' } });
  });

  test('a part that cannot start stops what was started, and is the error', async () => {
    const events: string[] = [];
    const parts = [recorded(events, 'a'), recorded(events, 'b', true), recorded(events, 'c')];
    await expect(startToy({ parts })).rejects.toThrow('b is broken');
    expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  test('a port in use is one line that names it and what moves it, and leaves nothing running', async () => {
    const events: string[] = [];
    const { mad } = await toyMad();
    const second = startToy({ port: mad.port, parts: [recorded(events, 'a')] });
    await expect(second).rejects.toThrow(`Port ${mad.port} is in use. Set TOY_PORT to move it.`);
    expect(events).toEqual(['start a', 'stop a']);
  });

  test('says on which port it listens', async () => {
    const { mad, lines } = await toyMad();
    expect(lines.map(({ msg }) => msg)).toContain(`MCP Server started on port ${mad.port}`);
  });

  test('stops though a client holds its connection open and is silent', async () => {
    const toy = await toyMad();
    const client = await openTestSocket(toy.url);
    client.socket.pause();
    await toy.mad.stop({ deadlineMs: 100 });
    client.socket.terminate();
    expect(toy.mad.notReady()).not.toBeNull();
  });
});

describe('readiness', () => {
  test('a part that cannot say how it is makes the MAD not ready, and ends nothing', async () => {
    const { mad } = await toyMad({
      status() {
        throw new Error('disk I/O error');
      },
    });
    expect(mad.notReady()).toBe('Its database is not writable: disk I/O error');
    expect(mad.status()).toMatchObject({ health: 'DEGRADED', database: 'disk I/O error' });
    await mad.stop();
  });

  test('waits for the bus to be seen once, and a later outage does not take it away', async () => {
    const bus = createMemoryBus();
    const toy = await toyMad({ bus });
    expect(toy.mad.notReady()).toBe('It has not seen the bus yet.');
    expect(toy.mad.status().health).toBe('DEGRADED');
    await bus.start();
    expect(toy.mad.notReady()).toBeNull();
    expect(toy.mad.status().health).toBe('HEALTHY');
    await bus.stop();
    expect(toy.mad.notReady()).toBeNull();
    expect(toy.mad.status().health).toBe('DEGRADED');
  });

  test('waits for the database', async () => {
    let database = 'locked';
    const toy = await toyMad({ status: () => ({ database }) });
    expect(toy.mad.notReady()).toBe('Its database is not writable: locked');
    database = 'OK';
    expect(toy.mad.notReady()).toBeNull();
  });
});

test('a MAD beats on the bus, and its goodbye comes after its parts have stopped', async () => {
  const bus = createMemoryBus();
  await bus.start();
  const beats: unknown[] = [];
  const reading = new AbortController();
  const patterns = () => [HEARTBEAT_CHANNEL];
  void (async () => {
    for await (const { items } of bus.read({ from: 'end', patterns, signal: reading.signal })) {
      for (const item of items) if (item.kind === 'message') beats.push(item.envelope.payload.health);
    }
  })();
  const part: Lifecycle = {
    start: async () => undefined,
    stop: async () => void beats.push('part stopped'),
  };
  const toy = await toyMad({ bus, parts: [part], tuning: { secondBeatMs: 10 } });
  await vi.waitFor(() => expect(beats).toEqual(['HEALTHY', 'HEALTHY']));
  await toy.mad.stop();
  await vi.waitFor(() => expect(beats.slice(2)).toEqual(['part stopped', 'STOPPING']));
  reading.abort();
  await bus.stop();
});

describe('tools that every MAD has', () => {
  test('tell its status and its tools in the shapes of the protocol', async () => {
    const client = await openTestSocket(
      (await toyMad({ status: () => ({ database: 'OK', provider: 'offline' }) })).url,
    );
    client.call('mad_get_status');
    client.call('mad_list_tools');
    client.call('mad_list_tools', { tool: 'toy_echo' });
    client.call('mad_list_tools', { tool: 'none' });
    await vi.waitFor(() => expect(client.replies).toHaveLength(4));
    const [status, all, one, none] = client.replies;
    expect(MadStatusOutput.parse(status)).toMatchObject({
      mad_id: 'toy',
      title: 'ToyV1',
      version: '1.2.3',
      database: 'OK',
    });
    expect(ListToolsOutput.parse(all).tools).toHaveLength(5);
    expect(ListToolsOutput.parse(one).tools).toMatchObject([
      {
        name: 'toy_echo',
        scope: 'read',
        read_only: true,
        input_schema: { type: 'object', required: ['text'] },
      },
    ]);
    expect(none).toMatchObject({ code: 'not_found', message: "This MAD has no tool 'none'." });
  });
});
