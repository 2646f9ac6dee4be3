// The operations guide, step by step: what its reader types and looks for.
import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { STATUS_LINES } from '../e2e/group.ts';
import { type Group, startGroup } from '../kit/group.ts';
import { type Finished, run } from '../kit/process.ts';

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
describe.each(['without a model', 'with a model'])('the guide %s', (variant) => {
  const model = new LLMock({ port: 0, chunkSize: 4 });
  let group: Group;

  beforeAll(async () => {
    model.onMessage(/System check/, { content: 'OK' });
    await model.start();
    const env: Record<string, string> =
      variant === 'with a model' ? { OPENAI_BASE_URL: `${model.url}/v1`, OPENAI_API_KEY: 'test-key' } : {};
    group = await startGroup(env);
  });
  afterAll(async () => {
    await group?.stop();
    await model.stop();
  });

  const cli = (...args: string[]): Promise<Finished> => run('mad-cli', args, group.env);
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await cli(...args);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const messages = (mad: string): unknown[] =>
    group
      .log()
      .filter((line) => line.mad === mad)
      .map((line) => line.msg);

  test('steps 3 to 6: each service logs what the guide looks for', async () => {
    const bus = 'Successfully connected to Rogers Conversation Bus (memory)';
    const thinking = 'Successfully connected to Sequential Thinking MCP server';
    await expect
      .poll(() => messages('sequential-thinking'))
      .toContain(`MCP Server started on port ${group.ports['sequential-thinking']}`);
    await expect
      .poll(() => messages('grace'))
      .toEqual(expect.arrayContaining([bus, `MCP Server started on port ${group.ports.grace}`]));
    await expect.poll(() => messages('rogers')).toEqual(expect.arrayContaining([bus, thinking]));
    await expect
      .poll(() => messages('fiedler'))
      .toEqual(
        expect.arrayContaining([
          bus,
          thinking,
          `Initialized SQLite state database at ${group.dataDir}/fiedler_state.db`,
        ]),
      );
  });

  test.each(Object.entries(STATUS_LINES))('steps 4 to 6: mad-status of %s is healthy', async (mad, lines) => {
    const { code, stdout } = await run('mad-status', [], { ...group.env, MAD_ID: mad });
    expect(stdout.split('\n').slice(0, lines.length)).toEqual(lines);
    expect(code).toBe(0);
  });

  test('step 7: rogers_get_connections shows grace and fiedler HEALTHY within 30 s', async () => {
    await expect
      .poll(async () => (await json('rogers_get_connections')).connections, { timeout: 30_000 })
      .toEqual(
        expect.arrayContaining([
          expect.objectContaining({ mad_id: 'grace', status: 'HEALTHY', last_heartbeat: expect.any(String) }),
          expect.objectContaining({
            mad_id: 'fiedler',
            status: 'HEALTHY',
            last_heartbeat: expect.any(String),
          }),
        ]),
      );
  });

  test('step 8: the smoke test is COMPLETED and its result holds OK, and step 9: the logs tell of it', async () => {
    const accepted = await json(
      'fiedler_converse',
      '{"prompt": "System check, please respond with OK.", "requester_id": "ops-team"}',
    );
    expect(accepted).toMatchObject({ status: 'pending', task_id: expect.stringMatching(UUID) });
    const taskId = accepted.task_id as string;
    expect(accepted.stream_topic).toBe(`mad.stream.${taskId}`);

    const status = () => json('fiedler_get_task_status', JSON.stringify({ task_id: taskId }));
    await expect.poll(async () => (await status()).status).toBe('COMPLETED');
    const task = await status();
    expect(task).toMatchObject({ prompt: 'System check, please respond with OK.', error_details: null });
    expect((task.result_payload as { response: string }).response).toContain('OK');

    await expect
      .poll(() => messages('fiedler'))
      .toEqual(
        expect.arrayContaining([
          `Received new task ${taskId}`,
          `Task ${taskId} status changed to RUNNING`,
          `Task ${taskId} status changed to COMPLETED`,
        ]),
      );
    const counted = () => messages('rogers').filter((line) => String(line).startsWith('[Metrics]'));
    await expect
      .poll(counted)
      .toContain(`[Metrics] Received message from sender: fiedler on channel: mad.stream.${taskId}`);
    expect(new Set(counted()).size).toBe(counted().length);
    const lines = group.log().filter((line) => String(line.msg).includes(taskId) && line.mad === 'fiedler');
    for (const line of lines)
      expect(line).toMatchObject({ correlation_id: accepted.correlation_id, task_id: taskId });
  });

  test('part 5: the traffic can be read, and grows', async () => {
    const total = async () =>
      ((await json('rogers_get_stats')).stats as { total_messages: number }[]).reduce(
        (sum, row) => sum + row.total_messages,
        0,
      );
    await expect.poll(total).toBeGreaterThan(0);
    const before = await total();
    await json('fiedler_ask', '{"prompt": "System check, please respond with OK."}');
    await expect.poll(total).toBeGreaterThan(before);
  });
});
