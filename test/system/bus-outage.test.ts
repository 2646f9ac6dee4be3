// The group and a Redis that is not always there.

import { startRedis } from '@mad-group/bus/testing';
import { connectTools } from '@mad-group/mad';
import { expect, test } from 'vitest';
import { freePorts } from '../kit/free-ports.ts';
import { parseLog, startGroup } from '../kit/group.ts';
import { run, start } from '../kit/process.ts';

const AWAY = /^Redis is away/;

test('Redis away at the start: the group waits, says so once, and works when it comes', async () => {
  const [port, platform, ...ports] = (await freePorts(6)) as [number, number, ...number[]];
  const password = 'a-password-that-is-long';
  const keys = ['GRACE_PORT', 'FIEDLER_PORT', 'ROGERS_PORT', 'SEQUENTIAL_THINKING_PORT'];
  const env = {
    ...Object.fromEntries(keys.map((key, index) => [key, String(ports[index])])),
    PLATFORM_PORT: String(platform),
    REDIS_URL: `redis://127.0.0.1:${port}`,
    REDIS_PASSWORD: password,
    DATA_DIR: `/tmp/mad-away-${process.pid}`,
  };
  const group = start('node', ['services/group/src/main.ts'], env);
  const readiness = () =>
    fetch(`http://127.0.0.1:${platform}/readyz`).then(
      (response) => response.status,
      () => 0,
    );
  let redis: Awaited<ReturnType<typeof startRedis>> | undefined;
  try {
    await expect.poll(group.stdout).toContain('Redis is away');
    await expect.poll(readiness).toBe(503);
    const status = await run('mad-status', ['--mad', 'grace'], env);
    expect(status.stdout).toContain('- Conversation Bus Connected: False');
    expect(status.code).toBe(1);

    redis = await startRedis({ port, password });
    await expect.poll(readiness).toBe(200);
    const asked = await run('mad-cli', ['fiedler_ask', '{"prompt": "say hello"}'], env);
    expect(JSON.parse(asked.stdout)).toMatchObject({ task_status: 'COMPLETED' });
    expect(parseLog(group.output()).filter(({ msg }) => AWAY.test(String(msg)))).toHaveLength(1);
  } finally {
    await group.stop();
    await redis?.stop();
  }
});

test('Redis away later: the group is DEGRADED and stays ready, a send is refused within its time, tasks go on', async () => {
  const redis = await startRedis({ appendonly: true });
  const group = await startGroup({ REDIS_URL: redis.url, REDIS_PASSWORD: redis.password });
  const [grace, fiedler] = await Promise.all([
    connectTools(group.url('grace')),
    connectTools(group.url('fiedler')),
  ]);
  const health = async () => (await grace.callOrThrow('mad_get_status', {})).health;
  const send = () => grace.call('grace_send_message', { channel: 'mad.topic.x', payload: {} });
  try {
    await grace.callOrThrow('grace_subscribe', { client_id: 'watch', topics: ['mad.stream.*'] });
    await redis.kill('SIGKILL');
    await expect.poll(health).toBe('DEGRADED');
    expect((await fetch(`${group.platformUrl}/readyz`)).status).toBe(200);

    const beganMs = performance.now();
    const refused = await send();
    expect(refused).toMatchObject({
      status: 'error',
      code: 'bus_unavailable',
      message: expect.stringMatching(/^Failed to publish message: /),
    });
    expect(performance.now() - beganMs).toBeLessThan(8_000);

    const { task_id } = await fiedler.callOrThrow('fiedler_ask', { prompt: 'say hello' });
    expect(await fiedler.call('fiedler_get_task_status', { task_id })).toMatchObject({ status: 'COMPLETED' });

    await redis.restart();
    await expect.poll(health).toBe('HEALTHY');
    expect(await send()).toMatchObject({ status: 'success' });
    // The outbox delayed the stream and lost nothing of it.
    let text = '';
    const read = async () => {
      const { messages } = await grace.callOrThrow('grace_poll_messages', { client_id: 'watch' });
      for (const { channel, payload } of messages as { channel: string; payload: { token: string } }[]) {
        if (channel === `mad.stream.${task_id}`) text += payload.token;
      }
      return text;
    };
    const task = await fiedler.callOrThrow('fiedler_get_task_status', { task_id });
    await expect.poll(read).toBe((task.result_payload as { response: string }).response);
  } finally {
    await grace.close();
    await fiedler.close();
    await group.stop();
    await redis.stop();
  }
});
