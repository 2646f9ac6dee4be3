// All four MADs with the official client, in both protocol eras.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Group, MAD_NAMES, type MadName, startGroup } from '../kit/group.ts';

const ERAS = {
  '2025-11-25': {},
  '2026-07-28': { versionNegotiation: { mode: 'auto' } },
} as const;

let group: Group;
beforeAll(async () => {
  group = await startGroup();
});
afterAll(() => group?.stop());

async function connect(mad: MadName, era: keyof typeof ERAS): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, ERAS[era]);
  await client.connect(new StreamableHTTPClientTransport(new URL(group.mcp(mad))));
  return client;
}

describe.each(Object.keys(ERAS) as (keyof typeof ERAS)[])('in the era of %s', (era) => {
  test.each(MAD_NAMES)('%s shows tools with schemas and annotations, resources and prompts', async (mad) => {
    const client = await connect(mad, era);
    const { tools } = await client.listTools();
    for (const tool of tools) {
      expect(tool).toMatchObject({
        title: expect.any(String),
        description: expect.any(String),
        inputSchema: { type: 'object' },
        outputSchema: { type: 'object' },
        annotations: { readOnlyHint: expect.any(Boolean), idempotentHint: expect.any(Boolean) },
      });
    }
    expect(tools.map((tool) => tool.name)).toContain('mad_get_status');
    const { resources } = await client.listResources();
    const uris = resources.map((resource) => resource.uri);
    expect(uris).toContain(`mad://${mad}/status`);
    const { contents } = await client.readResource({ uri: `mad://${mad}/status` });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({
      mad_id: mad,
      health: 'HEALTHY',
    });
    expect((await client.listPrompts()).prompts.length).toBeGreaterThan(0);
    await client.close();
  });

  test('fiedler_ask waits for the answer and sends its tokens as progress', async () => {
    const client = await connect('fiedler', era);
    const pieces: string[] = [];
    const result = await client.callTool(
      { name: 'fiedler_ask', arguments: { prompt: 'say alpha beta gamma delta' } },
      { onprogress: ({ message }) => void pieces.push(message ?? '') },
    );
    const answer = result.structuredContent as { response: string; task_id: string };
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join('')).toBe(answer.response);
    const { contents } = await client.readResource({ uri: `mad://fiedler/tasks/${answer.task_id}` });
    expect(JSON.parse((contents[0] as { text: string }).text)).toMatchObject({ status: 'COMPLETED' });
    await client.close();
  });

  test('rogers_ask answers from the real state', async () => {
    const client = await connect('rogers', era);
    const ask = async () => {
      const result = await client.callTool({
        name: 'rogers_ask',
        arguments: { prompt: 'Is everything up?' },
      });
      return (result.structuredContent as { response: string }).response;
    };
    await expect.poll(ask, { timeout: 30_000 }).toMatch(/fiedler/i);
    for (const uri of ['mad://rogers/connections', 'mad://rogers/stats']) {
      const { contents } = await client.readResource({ uri });
      expect(JSON.parse((contents[0] as { text: string }).text)).toBeTypeOf('object');
    }
    await client.close();
  });

  test('a tool that says no says it in a result that is marked', async () => {
    const client = await connect('rogers', era);
    const result = await client.callTool({ name: 'rogers_get_stats', arguments: { hours: 'many' } });
    expect(result).toMatchObject({
      isError: true,
      content: [{ type: 'text', text: expect.stringContaining("'hours' must be an integer.") }],
    });
    await client.close();
  });

  test.each([
    ['fiedler', ['design a workflow', 'plan the steps', 'outline a process', 'think step-by-step']],
    ['rogers', ['find anomalies', 'correlate', 'predict', 'diagnose']],
  ] as const)('%s has a prompt for each trigger phrase', async (mad, triggers) => {
    const client = await connect(mad, era);
    const { prompts } = await client.listPrompts();
    const texts = await Promise.all(
      prompts.map(async ({ name, arguments: fields = [] }) => {
        const values = Object.fromEntries(
          fields.filter(({ required }) => required).map((field) => [field.name, 'x']),
        );
        const { messages } = await client.getPrompt({ name, arguments: values });
        return messages.map(({ content }) => (content as { text: string }).text.toLowerCase()).join(' ');
      }),
    );
    for (const trigger of triggers)
      expect(
        texts.some((text) => text.includes(trigger)),
        trigger,
      ).toBe(true);
    await client.close();
  });
});

test.each(MAD_NAMES)('%s refuses a wrong Origin or Host with 403', async (mad) => {
  for (const headers of [{ origin: 'http://evil.example' }, { origin: 'null' }]) {
    const response = await fetch(group.mcp(mad), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{}',
    });
    expect(response.status).toBe(403);
  }
});
