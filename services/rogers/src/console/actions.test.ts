import { describe, expect, test } from 'vitest';
import { startConsole } from './console.test-support.ts';

describe('tools called from the console', () => {
  test('of Rogers and of another MAD run as the caller', async () => {
    const { call } = await startConsole();
    expect(await call('alice', 'rogers', 'rogers_get_connections')).toMatchObject({
      status: 200,
      body: { status: 'success' },
    });
    expect(await call('bob', 'fiedler', 'fiedler_list_tasks')).toMatchObject({
      status: 200,
      body: { caller: 'bob' },
    });
    await expect
      .poll(async () => (await call('bob', 'fiedler', 'mad_get_status')).body.mad_id)
      .toBe('fiedler');
  });

  test('that only look can be told on the bus from what Rogers has to say of its own', async () => {
    const { call, said } = await startConsole();
    await call('alice', 'fiedler', 'fiedler_list_tasks');
    await call('alice', 'fiedler', 'fiedler_list_tasks', { correlation_id: 'corr-8' });
    await call('alice', 'fiedler', 'fiedler_cancel_task', { task_id: 't' });
    const ids = (await said('mad.direct.fiedler')).map(({ correlation_id: id }) => id);
    expect(ids).toEqual([
      expect.stringMatching(/^console-read-[0-9a-f-]{36}$/),
      'corr-8',
      expect.not.stringContaining('console'),
    ]);
  });

  test('that act need the scope for it, and nothing is sent without', async () => {
    const { call, said } = await startConsole();
    expect(await call('bob', 'fiedler', 'fiedler_cancel_task', { task_id: 't' })).toEqual({
      status: 403,
      body: {
        status: 'error',
        code: 'forbidden',
        message: "'fiedler_cancel_task' needs the scope 'converse'; 'bob' has: read.",
      },
    });
    expect(await said('mad.direct.fiedler')).toEqual([]);
  });

  test('that act are on the record: in the log, and on the audit channel', async () => {
    const { call, said, lines } = await startConsole();
    const input = { task_id: 'task-7', correlation_id: 'corr-7' };
    expect(await call('alice', 'fiedler', 'fiedler_cancel_task', input)).toMatchObject({
      status: 200,
      body: { caller: 'alice', task_id: 'task-7' },
    });
    const facts = {
      event: 'console_action',
      caller: 'alice',
      mad: 'fiedler',
      tool: 'fiedler_cancel_task',
      outcome: 'ok',
      task_id: 'task-7',
    };
    await expect
      .poll(() => said('mad.topic.audit'))
      .toMatchObject([{ sender_id: 'rogers', correlation_id: 'corr-7', payload: facts }]);
    expect(lines).toContainEqual({
      level: 'info',
      message: 'Console action',
      facts: { ...facts, correlation_id: 'corr-7' },
    });
    // What was asked for is the caller's to read, as the answer is.
    const [request] = await said('mad.direct.fiedler');
    expect(request?.headers).toMatchObject({ caller: 'alice', scopes: 'read converse', owner: 'alice' });
  });

  test.each([
    ['fiedler', 'grace_send_message', 404, 'unknown_tool'],
    ['grace', 'grace_send_message', 404, 'unknown_tool'],
    ['somebody', 'mad_get_status', 404, 'not_found'],
    ['fiedler', '', 400, 'invalid_input'],
  ])('none but those it uses: %s %s', async (mad, tool, status, code) => {
    const { call, said } = await startConsole();
    expect(await call('root', mad, tool)).toMatchObject({ status, body: { code } });
    expect(await said('mad.direct.*')).toEqual([]);
  });

  test('a body that is no JSON object, or too large, is refused', async () => {
    const { base, headers } = await startConsole();
    const send = (body: string) =>
      fetch(`${base}/api/call`, {
        method: 'POST',
        headers: { ...headers('alice'), 'content-type': 'application/json' },
        body,
      });
    expect((await send('{')).status).toBe(400);
    for (const [body, given] of [
      ['[]', 'an array'],
      ['null', 'null'],
      ['5', 'a number'],
    ] as const) {
      expect(await (await send(body)).json()).toEqual({
        status: 'error',
        code: 'invalid_json',
        message: `The body must be a JSON object, {"mad", "tool_name", "tool_input"}, and is ${given}.`,
      });
    }
    expect((await send('x'.repeat(5_000_000))).status).toBe(413);
  });

  test('what is not there is 404', async () => {
    const { get } = await startConsole();
    expect((await get('api/nothing')).status).toBe(404);
  });
});
