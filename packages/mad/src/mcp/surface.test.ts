import { MadError, type ResourceDefinition } from '@mad-group/protocol';
import {
  Client,
  LOG_LEVEL_META_KEY,
  ProtocolError,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import {
  countTool,
  echoTool,
  failTool,
  hangTool,
  startToy,
  type Toy,
  type ToyOptions,
} from '../toy-mad.test-support.ts';

const taskResource: ResourceDefinition = {
  uri: 'mad://toy/tasks/{id}',
  name: 'task',
  title: 'Task',
  description: 'One task.',
  scope: 'read',
  read: ({ id }) => {
    if (id !== 'known one') throw new MadError('not_found', `Task '${id}' not found.`);
    return { task_id: id };
  },
};
const adminResource: ResourceDefinition = {
  uri: 'mad://toy/secrets',
  name: 'secrets',
  title: 'Secrets',
  description: 'For admins.',
  scope: 'admin',
  read: () => ({ secret: true }),
};

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function toyMad(options: ToyOptions = {}): Promise<Toy> {
  const toy = await startToy({ resources: [taskResource, adminResource], ...options });
  ends.push(() => toy.stop());
  return toy;
}

type Era = '2025-11-25' | '2026-07-28';

async function connect(toy: Toy, era: Era, token?: string): Promise<Client> {
  const client = new Client(
    { name: 'test', version: '0' },
    era === '2026-07-28' ? { versionNegotiation: { mode: 'auto' } } : {},
  );
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(toy.mcpUrl), { requestInit: { headers } }));
  ends.push(() => client.close());
  return client;
}

describe.each(['2025-11-25', '2026-07-28'] as const)('MCP of %s with the official client', (era) => {
  test('speaks that revision', async () => {
    const client = await connect(await toyMad(), era);
    expect(client.getNegotiatedProtocolVersion()).toBe(era);
    expect(client.getServerVersion()).toMatchObject({ name: 'toy', title: 'ToyV1', version: '1.2.3' });
  });

  test('lists every tool with schemas and annotations', async () => {
    const { tools } = await (await connect(await toyMad(), era)).listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'toy_echo',
      'toy_count',
      'toy_fail',
      'mad_get_status',
      'mad_list_tools',
    ]);
    expect(tools[0]).toMatchObject({
      title: 'Echo',
      inputSchema: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } },
      outputSchema: { type: 'object', properties: { status: { const: 'success' } } },
      annotations: {
        title: 'Echo',
        readOnlyHint: true,
        idempotentHint: true,
        destructiveHint: false,
        openWorldHint: false,
      },
    });
    expect(tools[1]?.annotations).toMatchObject({
      readOnlyHint: false,
      idempotentHint: false,
      openWorldHint: true,
    });
  });

  test('answers with structured content and the same as text', async () => {
    const client = await connect(await toyMad(), era);
    const result = await client.callTool({ name: 'toy_echo', arguments: { text: 'hello' } });
    expect(result.structuredContent).toEqual({ status: 'success', text: 'hello', caller: 'local' });
    expect(result.content).toEqual([{ type: 'text', text: JSON.stringify(result.structuredContent) }]);
    expect(result.isError).toBeFalsy();
  });

  test('says no in the words of every other surface', async () => {
    const client = await connect(await toyMad(), era);
    await client.listTools();
    const missing = await client.callTool({ name: 'toy_echo', arguments: {} });
    expect(missing).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: "'text' is required." }],
      structuredContent: { status: 'error', message: "'text' is required.", code: 'invalid_input' },
    });
    const wrong = await client.callTool({ name: 'toy_count', arguments: { to: 'far' } });
    expect(wrong).toMatchObject({ isError: true, content: [{ text: "'to' must be an integer." }] });
    const refusal = await client.callTool({ name: 'toy_fail', arguments: { kind: 'refusal' } });
    expect(refusal).toMatchObject({
      isError: true,
      structuredContent: { code: 'queue_full', retry_after_ms: 1500 },
    });
    const defect = await client.callTool({ name: 'toy_fail', arguments: { kind: 'defect' } });
    expect(defect).toMatchObject({ isError: true, content: [{ text: 'An internal error occurred.' }] });
  });

  test('names an unknown tool by a protocol error', async () => {
    const client = await connect(await toyMad(), era);
    const error = await client.callTool({ name: 'nothing', arguments: {} }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('Unknown tool: nothing') });
  });

  test('tells progress as it comes, in order', async () => {
    const client = await connect(await toyMad(), era);
    const told: string[] = [];
    const result = await client.callTool(
      { name: 'toy_count', arguments: { to: 5 } },
      { onprogress: ({ message }) => void told.push(message ?? '') },
    );
    expect(result.structuredContent).toEqual({ status: 'success', total: 5 });
    expect(told.join('')).toBe('1 2 3 4 5 ');
  });

  test('reads resources, by address and by template', async () => {
    const client = await connect(await toyMad(), era);
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toEqual(['mad://toy/status', 'mad://toy/secrets']);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates).toMatchObject([
      { uriTemplate: 'mad://toy/tasks/{id}', mimeType: 'application/json' },
    ]);
    const status = await client.readResource({ uri: 'mad://toy/status' });
    expect(JSON.parse((status.contents[0] as { text: string }).text)).toMatchObject({
      mad_id: 'toy',
      health: 'HEALTHY',
    });
    const task = await client.readResource({ uri: 'mad://toy/tasks/known%20one' });
    expect((task.contents[0] as { text: string }).text).toBe('{"task_id":"known one"}');
  });

  test.each(['mad://toy/tasks/none', 'mad://toy/tasks/%E0%A4%A', 'mad://other/status', 'nonsense'])(
    'says of %s that there is no such resource',
    async (uri) => {
      const client = await connect(await toyMad(), era);
      await expect(client.readResource({ uri })).rejects.toThrow(/not found/i);
    },
  );

  test('offers prompts, and completes their arguments', async () => {
    const prompt = {
      name: 'greet',
      title: 'Greet',
      description: 'Greets.',
      arguments: z.object({
        who: z.string().describe('whom'),
        tone: z.enum(['formal', 'friendly']).optional(),
      }),
      render: ({ who, tone }: Readonly<Record<string, string>>) =>
        `Greet ${who}${tone ? ` in a ${tone} tone` : ''}.`,
    };
    const client = await connect(await toyMad({ prompts: [prompt] }), era);
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(['check_status', 'greet']);
    expect(prompts[1]?.arguments).toEqual([
      { name: 'who', description: 'whom', required: true },
      { name: 'tone', required: false },
    ]);
    const rendered = await client.getPrompt({ name: 'greet', arguments: { who: 'Ada', tone: 'formal' } });
    expect(rendered.messages).toEqual([
      { role: 'user', content: { type: 'text', text: 'Greet Ada in a formal tone.' } },
    ]);
    await expect(client.getPrompt({ name: 'greet', arguments: {} })).rejects.toThrow(/'who'/);
    await expect(client.getPrompt({ name: 'none' })).rejects.toThrow(/Unknown prompt: none/);
    const ref = { type: 'ref/prompt' as const, name: 'greet' };
    const { completion } = await client.complete({ ref, argument: { name: 'tone', value: 'f' } });
    expect(completion.values).toEqual(['formal', 'friendly']);
  });

  test('a token stands for its caller, and none is 401', async () => {
    const toy = await toyMad({ tokens: 'alice alice-has-a-long-token read' });
    const client = await connect(toy, era, 'alice-has-a-long-token');
    const result = await client.callTool({ name: 'toy_echo', arguments: { text: 'x' } });
    expect(result.structuredContent).toMatchObject({ caller: 'alice' });
    await expect(connect(toy, era)).rejects.toThrow(/401|Unauthorized|unauthenticated/i);
    await expect(connect(toy, era, 'somebody-elses-token')).rejects.toThrow(
      /401|Unauthorized|unauthenticated/i,
    );
  });

  test('a missing scope is refused before anything runs, and named', async () => {
    const toy = await toyMad({ tokens: 'alice alice-has-a-long-token read' });
    const client = await connect(toy, era, 'alice-has-a-long-token');
    await expect(client.callTool({ name: 'toy_count', arguments: { to: 1 } })).rejects.toThrow(
      /converse|403|scope/i,
    );
    await expect(client.readResource({ uri: 'mad://toy/secrets' })).rejects.toThrow(/admin|403|scope/i);
  });

  test('a caller that goes away ends what it waited for', async () => {
    const [aborted, begun] = [vi.fn(), vi.fn()];
    const toy = await toyMad({ tools: [hangTool(aborted, begun)] });
    const client = await connect(toy, era);
    const call = client.callTool({ name: 'toy_hang', arguments: {} }).catch((error) => error);
    await vi.waitFor(() => expect(begun).toHaveBeenCalledOnce());
    await client.close();
    await vi.waitFor(() => expect(aborted).toHaveBeenCalledOnce(), { timeout: 5000 });
    expect(await call).toBeInstanceOf(Error);
  });
});

test('a request of 2026 that asks for logs hears the correlation id of its call', async () => {
  const client = await connect(await toyMad(), '2026-07-28');
  const logged: unknown[] = [];
  client.setNotificationHandler('notifications/message', ({ params }) => void logged.push(params.data));
  await client.callTool({
    name: 'toy_echo',
    arguments: { text: 'x', correlation_id: 'find-me' },
    _meta: { [LOG_LEVEL_META_KEY]: 'debug' },
  });
  expect(logged).toEqual([{ tool: 'toy_echo', correlation_id: 'find-me', outcome: 'ok' }]);
});

describe('the HTTP beneath', () => {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 7,
    method: 'tools/call',
    params: { name: 'toy_count', arguments: { to: 1 } },
  });
  const post = (toy: Toy, headers: Record<string, string> = {}, content: string = body): Promise<Response> =>
    fetch(toy.mcpUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: content,
    });

  test('a missing scope is 403 with the challenge that names it', async () => {
    const toy = await toyMad({ tokens: 'alice alice-has-a-long-token read' });
    const response = await post(toy, { authorization: 'Bearer alice-has-a-long-token' });
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_scope", scope="converse"',
    );
    expect(await response.json()).toMatchObject({
      id: 7,
      error: { message: "'toy_count' needs the scope 'converse'; 'alice' has: read." },
    });
  });

  test('a batch does not get round the scope', async () => {
    const toy = await toyMad({ tokens: 'alice alice-has-a-long-token read' });
    const response = await post(toy, { authorization: 'Bearer alice-has-a-long-token' }, `[${body}]`);
    expect(await response.text()).not.toContain('"total":1');
  });

  test('without a token it is 401 with a challenge', async () => {
    const response = await post(await toyMad({ tokens: 'alice alice-has-a-long-token read' }));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /);
    expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
  });

  test.each([
    ['a foreign Origin', { origin: 'http://evil.example' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['an opaque Origin', { origin: 'null' }],
  ])('%s is 403', async (_what, headers) => {
    expect((await post(await toyMad(), headers)).status).toBe(403);
  });

  test('an Origin that was allowed may connect', async () => {
    const toy = await toyMad({ allowedOrigins: ['console.example'] });
    expect((await post(toy, { origin: 'https://console.example' })).status).toBe(200);
  });

  test('a body past 1 MiB is 413', async () => {
    const response = await post(await toyMad(), {}, `"${'x'.repeat(1024 * 1024)}"`);
    expect(response.status).toBe(413);
  });

  test.each([
    ['no JSON', '{', 400],
    ['a body of another type', body, 415],
  ])('%s is refused', async (_what, content, status) => {
    const headers: Record<string, string> = status === 415 ? { 'content-type': 'text/plain' } : {};
    expect((await post(await toyMad(), headers, content)).status).toBe(status);
  });

  test('nesting of a hundred thousand levels is refused, and the next request served', async () => {
    const toy = await toyMad({ tools: [echoTool, failTool, countTool] });
    const deep = 100_000;
    const nested = body.replace('{"to":1}', `{"to":${'['.repeat(deep)}${']'.repeat(deep)}}`);
    const response = await post(toy, {}, nested);
    expect(await response.text()).not.toContain('"total"');
    expect(await (await post(toy)).text()).toContain('"total":1');
  });

  test('any other path is 404 and says where things are', async () => {
    const response = await fetch(`http://127.0.0.1:${(await toyMad()).mad.port}/elsewhere`);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ message: 'This is ToyV1: WebSocket at /, MCP at /mcp.' });
  });
});
