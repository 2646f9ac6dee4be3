import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { callersOf, connect, publish, startBus, startGrace } from './grace.test-support.ts';

async function connectMcp(port: number, token?: string): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${port}/mcp`), { requestInit: { headers } }),
  );
  onTestFinished(() => client.close());
  return client;
}

describe('over MCP', () => {
  test('the same tools give the same replies, as structured content', async () => {
    const bus = await startBus();
    const client = await connectMcp((await startGrace(bus)).port);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'grace_send_message',
        'grace_subscribe',
        'grace_unsubscribe',
        'grace_poll_messages',
      ]),
    );
    const call = async (name: string, input: Record<string, unknown>) =>
      client.callTool({ name, arguments: input });
    expect(
      (await call('grace_subscribe', { client_id: 'c', topics: ['mad.topic.*'] })).structuredContent,
    ).toMatchObject({
      message: "Subscribed client 'c' to 1 topics.",
    });
    await publish(bus, 'mad.topic.a', { payload: { n: 1 } });
    const polled = await call('grace_poll_messages', { client_id: 'c', wait_ms: 1000 });
    expect(polled.structuredContent).toMatchObject({
      status: 'success',
      messages: [{ payload: { n: 1 } }],
      dropped: 0,
    });
  });

  test('a push is refused, with the way that works', async () => {
    const client = await connectMcp((await startGrace(await startBus())).port);
    const refused = await client.callTool({
      name: 'grace_subscribe',
      arguments: { client_id: 'c', topics: ['mad.#'], push: true },
    });
    expect(refused.isError).toBe(true);
    expect(JSON.stringify(refused)).toContain("'push' needs a WebSocket connection to Grace");
  });

  test('an admin reads of all clients, others of their own', async () => {
    const callers = callersOf({ alice: ['read'], bob: ['read'], root: ['admin'] });
    const grace = await startGrace(await startBus(), { callers });
    for (const name of ['alice', 'bob']) {
      const client = await connect(grace, name);
      await client.call('grace_subscribe', { client_id: `${name}-1`, topics: ['mad.topic.a'] });
    }
    const idsOf = async (token: string): Promise<string[]> => {
      const client = await connectMcp(grace.port, token);
      const { contents } = await client.readResource({ uri: 'mad://grace/clients' });
      const { clients } = JSON.parse((contents[0] as { text: string }).text) as {
        clients: { client_id: string }[];
      };
      return clients.map(({ client_id }) => client_id).sort();
    };
    expect(await idsOf('alice')).toEqual(['alice-1']);
    expect(await idsOf('root')).toEqual(['alice-1', 'bob-1']);
  });
});
