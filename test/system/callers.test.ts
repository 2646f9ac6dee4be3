// Who may do what, on every surface, with a group that knows its callers.
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectTools, type ToolClient } from '@mad-group/mad';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type Group, startGroup } from '../kit/group.ts';
import { run } from '../kit/process.ts';

const TOKENS = {
  alice: 'alice-token-0123456789',
  bob: 'bob-token-0123456789',
  reader: 'reader-token-0123456789',
  root: 'root-token-0123456789',
};
const LINES = [
  `alice ${TOKENS.alice} read,converse,publish`,
  `bob ${TOKENS.bob} read,converse,publish`,
  `reader ${TOKENS.reader} read`,
  `root ${TOKENS.root} admin`,
  '',
].join('\n');

describe('a group that knows its callers', () => {
  let folder: string;
  let tokensFile: string;
  let group: Group;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mad-callers-'));
    tokensFile = join(folder, 'tokens');
    await writeFile(tokensFile, LINES);
    group = await startGroup({ MAD_TOKENS_FILE: tokensFile });
  });
  afterAll(async () => {
    await group?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const as = (caller: keyof typeof TOKENS, mad: 'grace' | 'fiedler' | 'rogers' = 'fiedler') =>
    connectTools(group.url(mad), { token: TOKENS[caller] });
  const upgrade = (headers: Record<string, string>) =>
    new Promise<number>((resolve, reject) => {
      const socket = new WebSocket(group.url('fiedler'), { headers });
      socket.on('unexpected-response', (_request, response) => {
        resolve(response.statusCode ?? 0);
        socket.terminate();
      });
      socket.on('open', () => {
        resolve(101);
        socket.close();
      });
      socket.on('error', reject);
    });
  const post = (headers: Record<string, string>, tool = 'fiedler_converse', input: object = {}) =>
    fetch(group.mcp('fiedler'), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: tool, arguments: input },
      }),
    });

  test('the members of the group know each other', async () => {
    await expect
      .poll(group.running.output)
      .toContain('Successfully connected to Sequential Thinking MCP server');
  });

  test.each([{}, { authorization: 'Bearer wrong-token-0123456789' }, { authorization: TOKENS.alice }])(
    '%j is answered 401, over WebSocket and MCP',
    async (headers) => {
      expect(await upgrade(headers as Record<string, string>)).toBe(401);
      const response = await post(headers as Record<string, string>);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    },
  );

  test('a missing scope is refused by its name, over WebSocket and MCP', async () => {
    const fiedler = await as('reader');
    const reply = await fiedler.call('fiedler_converse', { prompt: 'x', requester_id: 'x' });
    expect(reply).toMatchObject({
      status: 'error',
      code: 'forbidden',
      message: expect.stringContaining("'converse'"),
    });
    await fiedler.close();
    const response = await post({ authorization: `Bearer ${TOKENS.reader}` }, 'fiedler_converse', {
      prompt: 'x',
      requester_id: 'x',
    });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('converse');
  });

  test.each(['origin', 'host'])('a foreign %s is refused with 403', async (header) => {
    const headers = { [header]: header === 'origin' ? 'http://evil.example' : 'evil.example' };
    expect(await upgrade({ ...headers, authorization: `Bearer ${TOKENS.alice}` })).toBe(403);
  });

  test('a task is its owner’s and admin’s: to others it does not exist', async () => {
    const [alice, bob, root] = await Promise.all([as('alice'), as('bob'), as('root')]);
    const { task_id } = await alice.callOrThrow('fiedler_converse', {
      prompt: 'say hello',
      requester_id: 'alice',
    });
    await expect
      .poll(async () => (await alice.callOrThrow('fiedler_get_task_status', { task_id })).status)
      .toBe('COMPLETED');
    for (const tool of ['fiedler_get_task_status', 'fiedler_get_task_events', 'fiedler_cancel_task']) {
      expect(await bob.call(tool, { task_id })).toMatchObject({
        code: 'not_found',
        message: `Task with id '${task_id}' not found.`,
      });
    }
    expect((await bob.callOrThrow('fiedler_list_tasks', {})).tasks).toEqual([]);
    expect(await root.call('fiedler_get_task_status', { task_id })).toMatchObject({ owner: 'alice' });
    for (const client of [alice, bob, root]) await client.close();
  });

  test('a task’s stream and notification reach its owner and admin through Grace, and nobody else', async () => {
    const names = ['alice', 'bob', 'root'] as const;
    const graces = await Promise.all(names.map((name) => as(name, 'grace')));
    for (const [index, grace] of graces.entries()) {
      const topics = ['mad.stream.*', 'mad.direct.alice-inbox'];
      await grace.callOrThrow('grace_subscribe', { client_id: `watch-${names[index]}`, topics });
    }
    const fiedler = await as('alice');
    const { task_id } = await fiedler.callOrThrow('fiedler_ask', {
      prompt: 'say hello',
      requester_id: 'alice-inbox',
    });
    const seen: Record<string, string[]> = { alice: [], bob: [], root: [] };
    const poll = async (index: number) => {
      const name = names[index] as (typeof names)[number];
      const grace = graces[index] as ToolClient;
      const reply = await grace.callOrThrow('grace_poll_messages', { client_id: `watch-${name}` });
      for (const message of reply.messages as { channel: string }[]) seen[name]?.push(message.channel);
      return seen[name];
    };
    await expect.poll(() => poll(2)).toContain('mad.direct.alice-inbox');
    await expect.poll(() => poll(0)).toEqual(seen.root);
    expect(seen.alice).toContain(`mad.stream.${task_id}`);
    expect(await poll(1)).toEqual([]);
    for (const client of [...graces, fiedler]) await client.close();
  });

  test('a tool called over the bus through Grace has the client’s scopes, not Grace’s', async () => {
    const [alice, root] = await Promise.all([as('alice', 'grace'), as('root', 'grace')]);
    for (const [client, name] of [
      [alice, 'alice'],
      [root, 'root'],
    ] as const) {
      await client.callOrThrow('grace_subscribe', {
        client_id: `replies-${name}`,
        topics: ['mad.direct.grace'],
      });
    }
    const owner = await as('bob');
    const { task_id } = await owner.callOrThrow('fiedler_converse', {
      prompt: 'say hello',
      requester_id: 'bob',
    });
    const payload = { tool_name: 'fiedler_get_task_status', tool_input: { task_id } };
    const ask = async (client: ToolClient, name: string): Promise<Record<string, unknown> | undefined> => {
      const conversation_id = `look-${name}`;
      await client.callOrThrow('grace_send_message', {
        channel: 'mad.direct.fiedler',
        payload,
        conversation_id,
      });
      for (;;) {
        const input = { client_id: `replies-${name}`, wait_ms: 5000 };
        const { messages } = await client.callOrThrow('grace_poll_messages', input);
        const replies = messages as { conversation_id: string; payload: Record<string, unknown> }[];
        const mine = replies.find((message) => message.conversation_id === conversation_id);
        if (mine || replies.length === 0) return mine?.payload;
      }
    };
    expect(await ask(alice, 'alice')).toMatchObject({ status: 'error', code: 'not_found' });
    expect(await ask(root, 'root')).toMatchObject({ task_id, owner: 'bob' });
    for (const client of [alice, root, owner]) await client.close();
  });

  test('mad-cli shows its token, and says what is wrong with a bad one', async () => {
    const call = (token: string) =>
      run('mad-cli', ['fiedler_list_tasks'], { ...group.env, MAD_TOKEN: token });
    expect((await call(TOKENS.reader)).code).toBe(0);
    const refused = await call('wrong-token-0123456789');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('token');
  });

  test('the official MCP client is let in with its token', async () => {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(group.mcp('fiedler')), {
        requestInit: { headers: { authorization: `Bearer ${TOKENS.alice}` } },
      }),
    );
    expect((await client.listTools()).tools.length).toBeGreaterThan(5);
    await client.close();
  });

  test('callers are read again when the file changes, also when it is replaced', async () => {
    const carol = 'carol-token-0123456789';
    await writeFile(`${tokensFile}.new`, `${LINES}carol ${carol} read\n`);
    await rename(`${tokensFile}.new`, tokensFile);
    await expect.poll(() => upgrade({ authorization: `Bearer ${carol}` })).toBe(101);
    await writeFile(tokensFile, LINES);
    await expect.poll(() => upgrade({ authorization: `Bearer ${carol}` })).toBe(401);
  });

  test('no token stands in the log', () => {
    for (const token of Object.values(TOKENS)) expect(group.running.output()).not.toContain(token);
  });
});
