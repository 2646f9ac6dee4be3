// What a group does, seen from outside: one suite, unchanged against `npm start`, compose and a cluster.
import { randomUUID } from 'node:crypto';
import { connectTools, type ToolClient } from '@mad-group/mad';
import { mcpUrl, verifyMcp } from '@mad-group/mad/verify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAD_NAMES, type MadName } from '../kit/group.ts';
import type { Finished } from '../kit/process.ts';

export interface GroupUnderTest {
  /** Runs a command where the MAD runs, in its container or with its environment. */
  exec(mad: MadName, ...command: string[]): Promise<Finished>;
  /** WebSocket address of a MAD, from here. */
  url(mad: MadName): string;
  /** Bearer token of a caller with every scope; null where nobody is asked for one. */
  readonly token: string | null;
  /** What the MAD has logged. */
  logs(mad: MadName): Promise<string>;
}

/** What mad-status begins with, by the guide. */
export const STATUS_LINES: Readonly<Record<string, readonly string[]>> = {
  grace: ['[GraceV0 Status]', '- MAD Name: grace', '- Status: HEALTHY', '- Conversation Bus Connected: True'],
  rogers: [
    '[RogersV1 Status]',
    '- MAD Name: rogers',
    '- Status: HEALTHY',
    '- Conversation Bus Connected: True',
    '- Sequential Thinking Connected: True',
  ],
  fiedler: [
    '[FiedlerV1 Status]',
    '- MAD Name: fiedler',
    '- Status: HEALTHY',
    '- Conversation Bus Connected: True',
    '- Sequential Thinking Connected: True',
    '- Database Status: OK',
  ],
};

type Reply = Record<string, unknown>;

/** @param find gives the group once it runs; asked for inside the tests alone */
export function describeGroup(name: string, find: () => GroupUnderTest): void {
  describe(`${name}, from outside`, () => {
    const clients = new Map<MadName, ToolClient>();
    const client = (mad: MadName): ToolClient => clients.get(mad) as ToolClient;

    beforeAll(async () => {
      for (const mad of MAD_NAMES) {
        clients.set(mad, await connectTools(find().url(mad), { token: find().token }));
      }
    });
    afterAll(() => Promise.all([...clients.values()].map((each) => each.close())));

    const cli = async (mad: MadName, ...words: string[]): Promise<Reply> => {
      const { code, stdout, stderr } = await find().exec(mad, 'mad-cli', ...words);
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout) as Reply;
    };

    test.each(Object.keys(STATUS_LINES) as MadName[])('mad-status of %s is healthy', async (mad) => {
      const lines = STATUS_LINES[mad] as readonly string[];
      // Sequential Thinking may be found a moment after the start.
      await expect
        .poll(async () => (await find().exec(mad, 'mad-status')).stdout.split('\n').slice(0, lines.length))
        .toEqual(lines);
    });

    test('rogers_get_connections shows the others healthy', async () => {
      const healthy = ['grace', 'fiedler', 'sequential-thinking'].map((mad_id) =>
        expect.objectContaining({ mad_id, status: 'HEALTHY' }),
      );
      await expect
        .poll(async () => (await cli('rogers', 'rogers_get_connections')).connections, { timeout: 40_000 })
        .toEqual(expect.arrayContaining(healthy));
    });

    test('the smoke test of the guide is COMPLETED, and the logs tell of it', async () => {
      const accepted = await cli(
        'fiedler',
        'fiedler_converse',
        '{"prompt": "System check, please respond with OK.", "requester_id": "ops-team"}',
      );
      expect(accepted).toMatchObject({ status: 'pending', stream_topic: `mad.stream.${accepted.task_id}` });
      const task = await ended(client('fiedler'), accepted.task_id as string);
      expect(task).toMatchObject({ status: 'COMPLETED', error_details: null });
      expect(JSON.stringify(task.result_payload)).toContain('OK');
      await expect
        .poll(() => find().logs('fiedler'))
        .toContain(`Task ${accepted.task_id} status changed to COMPLETED`);
      await expect
        .poll(() => find().logs('rogers'))
        .toContain(`Received message from sender: fiedler on channel: mad.stream.${accepted.task_id}`);
    });

    test('tokens come while the task runs, and together are its answer', async () => {
      const accepted = await cli('fiedler', 'fiedler_converse', 'prompt=Plan the steps to move a database');
      const { code, stdout, stderr } = await find().exec(
        'fiedler',
        'mad-cli',
        '--follow',
        '--json',
        'fiedler_get_task_events',
        `task_id=${accepted.task_id}`,
      );
      expect(code, stderr).toBe(0);
      const events = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Reply);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      const task = await ended(client('fiedler'), accepted.task_id as string);
      const tokens = events.filter(({ type }) => type === 'token');
      expect(tokens.length).toBeGreaterThan(1);
      // They were there to be read before the answer was complete.
      const ends = events.find(({ type, status }) => type === 'state' && status === 'COMPLETED');
      expect(Date.parse(tokens[0]?.timestamp as string)).toBeLessThan(Date.parse(ends?.timestamp as string));
      const said = tokens.map(({ token }) => token).join('');
      expect(said).toBe((task.result_payload as { response: string }).response);
    });

    test.each(MAD_NAMES)('%s speaks MCP', async (mad) => {
      const { tools } = await verifyMcp(mcpUrl(find().url(mad)), { token: find().token, timeoutMs: 20_000 });
      expect(tools).toContain('mad_get_status');
    });

    test('what one client sends over Grace, another one gets', async () => {
      const channel = `mad.topic.e2e-${randomUUID()}`;
      const clientId = `e2e-${randomUUID()}`;
      const grace = client('grace');
      await grace.callOrThrow('grace_subscribe', { client_id: clientId, topics: [channel] });
      await grace.callOrThrow('grace_send_message', { channel, payload: { number: 1 } });
      await expect
        .poll(async () => (await grace.callOrThrow('grace_poll_messages', { client_id: clientId })).messages)
        .toEqual([expect.objectContaining({ channel, payload: { number: 1 } })]);
    });

    test('Rogers counts what was said', async () => {
      const rogers = client('rogers');
      const total = async (): Promise<number> =>
        ((await rogers.callOrThrow('rogers_get_stats', {})).stats as { total_messages: number }[]).reduce(
          (sum, row) => sum + row.total_messages,
          0,
        );
      const before = await total();
      await client('fiedler').callOrThrow('fiedler_ask', { prompt: 'System check, please respond with OK.' });
      await expect.poll(total).toBeGreaterThan(before + 3);
    });
  });
}

/** The task once it has ended. */
async function ended(fiedler: ToolClient, taskId: string): Promise<Reply> {
  let task: Reply = {};
  await expect
    .poll(
      async () => {
        task = await fiedler.callOrThrow('fiedler_get_task_status', { task_id: taskId });
        return task.status;
      },
      { timeout: 60_000 },
    )
    .toMatch(/COMPLETED|FAILED|CANCELLED/);
  return task;
}
