// What people ask first, answered from the real state of a group without a model.
import { connectTools, type ToolClient } from '@mad-group/mad';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Group, startGroup } from '../kit/group.ts';

let group: Group;
let grace: ToolClient;
let fiedler: ToolClient;
let rogers: ToolClient;
let taskId: string;

beforeAll(async () => {
  group = await startGroup();
  [grace, fiedler, rogers] = await Promise.all([
    connectTools(group.url('grace')),
    connectTools(group.url('fiedler')),
    connectTools(group.url('rogers')),
  ]);
  for (let n = 0; n < 7; n += 1) {
    await grace.callOrThrow('grace_send_message', { channel: 'mad.topic.count', payload: { n } });
  }
  taskId = (await fiedler.callOrThrow('fiedler_ask', { prompt: 'say hello' })).task_id as string;
});
afterAll(async () => {
  for (const client of [grace, fiedler, rogers]) await client?.close();
  await group?.stop();
});

const ask = async (client: ToolClient, tool: string, prompt: string): Promise<string> =>
  (await client.callOrThrow(tool, { prompt })).response as string;
const askRogers = (prompt: string) => ask(rogers, 'rogers_ask', prompt);
const askFiedler = (prompt: string) => ask(fiedler, 'fiedler_ask', prompt);

async function total(sender: string, pattern?: string): Promise<number> {
  const { stats } = await rogers.callOrThrow('rogers_get_stats', { hours: 1 });
  return (stats as { sender_id: string; topic_pattern: string; total_messages: number }[])
    .filter((row) => row.sender_id === sender && (pattern === undefined || row.topic_pattern === pattern))
    .reduce((sum, row) => sum + row.total_messages, 0);
}

test('is everything up', async () => {
  await expect.poll(() => askRogers('Is everything up?')).toMatch(/fiedler: HEALTHY/);
});

test('who is stale', async () => {
  expect(await askRogers('Who is stale?')).toMatch(/nobody|no one|none/i);
});

test('how many messages did X send in the last N hours', async () => {
  await expect.poll(() => total('grace', 'mad.topic')).toBe(7);
  const before = await total('grace');
  const answer = await askRogers('How many messages did grace send in the last 2 hours?');
  const said = Number(/\b(\d+)\s+messages?/.exec(answer)?.[1]);
  expect(said).toBeGreaterThanOrEqual(before);
  expect(said).toBeLessThanOrEqual(await total('grace'));
});

test.each(['Which sender is busiest?', 'Which topic is the busiest in the last hour?'])(
  '%s',
  async (prompt) => {
    expect(await askRogers(prompt)).toMatch(/\d+ message/);
  },
);

test('compare two hours', async () => {
  // Both hours are named, each with its number.
  expect(await askRogers('Compare this hour with the hour before.')).toMatch(
    /UTC: [\d,]+ messages?[\s\S]*UTC: [\d,]+ messages?/,
  );
});

test('list recent tasks', async () => {
  expect(await askFiedler('List recent tasks')).toContain(taskId);
});

test('list failed tasks', async () => {
  expect(await askFiedler('Which tasks failed?')).toMatch(/no failed task/i);
});

test('what happened to a task, and how long it took', async () => {
  expect(await askFiedler(`What happened to task ${taskId}?`)).toMatch(/COMPLETED/);
  expect(await askFiedler(`How long did task ${taskId} take?`)).toMatch(/\d+(\.\d+)? m?s/);
});

test('anything else gets an honest word and what can be asked', async () => {
  const answer = await askFiedler('What is the capital of France?');
  expect(answer).toMatch(/no model is configured/i);
  expect(answer).toContain('OPENAI_API_KEY');
  expect(answer).toMatch(/you can ask/i);
});
