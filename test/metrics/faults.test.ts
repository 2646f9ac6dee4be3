// Each fault at a real group makes its alert fire in a real Prometheus, and the alert goes when the fault
// does. The rules are those of the chart with all of their times divided by SPEED.
import { statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ToolClient } from '@mad-group/mad';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { alertFile } from '../../scripts/monitoring/alerts.ts';
import { MAD_NAMES, type MadName } from '../kit/group.ts';
import { type ModelStub, startModelStub } from '../kit/model-stub.ts';
import { type MonitoredGroup, startMonitoredGroup } from '../kit/monitored-group.ts';
import { type Prometheus, startPrometheus } from '../kit/prometheus.ts';
import { createSmallDisk, type SmallDisk } from '../kit/small-disk.ts';

const SPEED = 30;
const MIB = 1024 * 1024;

let model: ModelStub;
let group: MonitoredGroup;
let prometheus: Prometheus;
let grace: ToolClient;
let fiedler: ToolClient;
const disks = {} as Record<'rogers' | 'fiedler', SmallDisk>;

beforeAll(async () => {
  model = await startModelStub();
  for (const mad of ['rogers', 'fiedler'] as const) disks[mad] = createSmallDisk(64);
  group = await startMonitoredGroup(
    // A model that is silent is waited for: here it is the alert that notices.
    { OPENAI_BASE_URL: model.baseUrl, LLM_MODEL: 'stub', LLM_TIMEOUT_MS: '600000' },
    {
      rogers: { DATA_DIR: disks.rogers.path },
      fiedler: { DATA_DIR: disks.fiedler.path, TASK_CONCURRENCY: '2', TASK_QUEUE_MAX: '2' },
    },
  );
  prometheus = await monitor('1s');
  [grace, fiedler] = await Promise.all([group.connect('grace'), group.connect('fiedler')]);
});
afterAll(async () => {
  await prometheus?.stop();
  await group?.stop();
  await model?.stop();
  for (const disk of Object.values(disks)) disk.remove();
});

const monitor = (interval: string): Promise<Prometheus> =>
  startPrometheus({ targets: group.targets, interval, rules: alertFile(SPEED) });

/** The alerts that fire, each with whom it is of. */
const firing = async (): Promise<string[]> =>
  (await prometheus.firing()).map(({ name, labels }) => `${name} ${labels.mad ?? ''}`.trim()).sort();

const send = (channel: string): Promise<unknown> =>
  grace.callOrThrow('grace_send_message', { channel, payload: { news: 'x' } });
const ask = (): Promise<unknown> => fiedler.call('fiedler_ask', { prompt: 'Say something.' });

/** Goes on with this until the alert fires. */
async function untilFiring(
  alert: string,
  act: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  await expect
    .poll(
      async () => {
        await act();
        return firing();
      },
      { timeout: 90_000 },
    )
    .toContain(alert);
}
const untilQuiet = (): Promise<void> =>
  expect
    .poll(firing, { timeout: 90_000 })
    .toEqual([])
    .then(() => undefined);

/** Lets a MAD run for a tenth of a second in every two. */
function starve(mad: MadName): { stop(): void } {
  const halt = (): void => {
    group.signal(mad, 'SIGSTOP');
    setTimeout(() => group.signal(mad, 'SIGCONT'), 1900);
  };
  halt();
  const timer = setInterval(halt, 2000);
  return {
    stop() {
      clearInterval(timer);
      group.signal(mad, 'SIGCONT');
    },
  };
}

test('a group that works fires nothing', { timeout: 120_000 }, async () => {
  await expect
    .poll(() => prometheus.targets())
    .toEqual(Object.fromEntries(MAD_NAMES.map((mad) => [mad, 'up'])));
  // As long as the longest that an alert of these waits, and some.
  const untilMs = performance.now() + (1.5 * 300_000) / SPEED;
  while (performance.now() < untilMs) {
    await Promise.all([ask(), send('mad.topic.news')]);
    expect(await firing()).toEqual([]);
  }
});

describe('an alert fires, with what to do about it, and goes', { timeout: 240_000 }, () => {
  test('MadDown: Sequential Thinking is killed', async () => {
    await group.kill('sequential-thinking');
    await untilFiring('MadDown sequential-thinking');
    expect(await prometheus.firing()).toMatchObject([
      {
        labels: { severity: 'critical', mad: 'sequential-thinking' },
        annotations: { summary: 'MAD sequential-thinking is down.', runbook_url: 'docs/alerts.md#maddown' },
      },
    ]);
    await group.restart('sequential-thinking');
    await untilQuiet();
  });

  test('MadMessagesDropped: a client of Grace does not poll', async () => {
    await grace.callOrThrow('grace_subscribe', { client_id: 'lazy', topics: ['mad.topic.flood'] });
    for (let n = 0; n < 130; n += 1) await send('mad.topic.flood');
    await untilFiring('MadMessagesDropped');
    expect(await prometheus.query('mad_grace_dropped_total{reason="queue_full"}')).toMatchObject([
      { value: 30 },
    ]);
    await grace.callOrThrow('grace_unsubscribe', { client_id: 'lazy' });
    await untilQuiet();
  });

  test('MadProviderFailing: the model refuses', async () => {
    model.become('failing');
    await untilFiring('MadProviderFailing fiedler', ask);
    model.become('well');
    await untilQuiet();
  });

  test('MadProviderFailing: the model is gone', async () => {
    model.become('away');
    const asked = fiedler.call('fiedler_ask', { prompt: 'Are you there?' });
    await untilFiring('MadProviderFailing fiedler');
    expect(await prometheus.query('mad_provider_circuit_state{mad="fiedler"} > 0')).toHaveLength(1);
    model.become('well');
    await asked;
    await untilQuiet();
  });

  test('MadTasksStuck: the model says nothing; MadTasksRefused: and more tasks come', async () => {
    model.become('silent');
    const converse = () => fiedler.call('fiedler_converse', { prompt: 'x', requester_id: 'test' });
    const replies = await Promise.all(Array.from({ length: 6 }, converse));
    expect(replies.filter(({ code }) => code === 'queue_full')).not.toEqual([]);
    await untilFiring('MadTasksRefused fiedler');
    await untilFiring('MadTasksStuck fiedler');
    for (const { task_id: taskId } of replies) {
      if (taskId) await fiedler.callOrThrow('fiedler_cancel_task', { task_id: taskId });
    }
    model.become('well');
    await untilQuiet();
  });

  test('MadDiskFilling: little is left; MadDiskFull: nothing is', async () => {
    const { path } = disks.fiedler;
    const { bavail, bsize } = statfsSync(path);
    writeFileSync(join(path, 'ballast'), Buffer.alloc(bavail * bsize - 5 * MIB, 1));
    await untilFiring('MadDiskFilling fiedler');
    expect(await firing()).toEqual(['MadDiskFilling fiedler']);
    disks.fiedler.fill();
    await untilFiring('MadDiskFull fiedler');
    disks.fiedler.makeRoom();
    writeFileSync(join(path, 'ballast'), '');
    await untilQuiet();
  });

  test('MadHeldUp: Sequential Thinking gets no processor for seconds', async () => {
    // A scrape waits as long as everything else, so that it needs the patience of one in the field; and
    // each begins the histogram of the event loop anew, so that it must be the only one.
    await prometheus.stop();
    prometheus = await monitor('5s');
    const starving = starve('sequential-thinking');
    try {
      await untilFiring('MadHeldUp');
      expect((await prometheus.firing()).find(({ name }) => name === 'MadHeldUp')).toMatchObject({
        labels: { severity: 'warning', job: 'sequential-thinking' },
        annotations: { runbook_url: 'docs/alerts.md#madheldup' },
      });
    } finally {
      starving.stop();
    }
    await untilQuiet();
    await prometheus.stop();
    prometheus = await monitor('1s');
  });

  test('MadBusLag: the disk of Rogers breaks, so that it cannot store what it reads', async () => {
    disks.rogers.failUnderUse();
    await untilFiring('MadBusLag rogers', () => send('mad.topic.news'));
    const behind = await prometheus.query('mad_bus_lag_messages{mad="rogers",reader="traffic"}');
    expect(behind[0]?.value).toBeGreaterThan(0);
    // The others read on.
    expect(await prometheus.query('mad_bus_lag_seconds{reader!="traffic"} > 5')).toEqual([]);
    await group.kill('rogers');
    disks.rogers.repair();
    await group.restart('rogers');
    await untilQuiet();
    expect(await prometheus.query('mad_bus_lag_messages{reader="traffic"} > 0')).toEqual([]);
  });

  test('MadBusAway: Redis is killed; MadBusGap: and comes back without its data', async () => {
    await group.redis.kill();
    await untilFiring('MadBusAway rogers');
    await group.redis.restart();
    await untilFiring('MadBusGap rogers');
    await untilQuiet();
  });
});
