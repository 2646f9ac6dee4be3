// Browsers that hold a console open and take next to nothing, as on a bad line: what Rogers keeps for
// them is bounded, and who reads gets all of it.
import { get, type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { createRedisBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { startRedis } from '@mad-group/bus/testing';
import { createEnvelope, silentLogger } from '@mad-group/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { createMadPlace } from '../kit/mad-place.ts';
import { watchMemory } from '../kit/resident-bytes.ts';
import { figure } from '../kit/scale.ts';

const SLOW = 30;
const MESSAGES = 500;
const MIB = 1024 * 1024;
/** The chart's limit for Rogers, and V8's share of it in the image. */
const MAX_MIB = 1024;
const HEAP = `--max-old-space-size=${Math.floor(0.65 * MAX_MIB)}`;

test(`${SLOW} consoles that read next to nothing do not fill the memory of Rogers`, async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const place = await createMadPlace('rogers', { REDIS_URL: redis.url, LOG_LEVEL: 'warn' });
  onTestFinished(() => place.remove());
  const running = place.spawn([HEAP]);
  onTestFinished(async () => void (await running.stop('SIGKILL')));
  await place.untilReady(running);
  const bus = createRedisBus({ url: redis.url, log: silentLogger, limits: DEFAULT_LOG_LIMITS });
  await bus.start();
  onTestFinished(() => bus.stop());
  // A payload past 16 KiB is shown by its beginning, and is in memory for that; those below fill the line.
  for (let n = 0; n < MESSAGES; n += 1) {
    const text = 'x'.repeat(n % 2 === 0 ? 180_000 : 15_000);
    await bus.publish(
      createEnvelope({ channel: 'mad.topic.bulk', senderId: 'source', payload: { n, text } }),
    );
  }
  const memory = watchMemory(place.metricsUrl);
  onTestFinished(() => memory.stop());
  await expect.poll(() => memory.peak()).toBeGreaterThan(0);
  const url = `${new URL('/console/api/bus', place.mcpUrl)}?newest=${2 * MESSAGES}`;

  const slow = await Promise.all(Array.from({ length: SLOW }, () => openUnread(url)));
  onTestFinished(() => {
    for (const response of slow) response.destroy();
  });
  let read = 0;
  const reader = await openUnread(url);
  for await (const line of createInterface(reader)) {
    if (line.includes('"channel":"mad.topic.bulk"')) read += 1;
    if (line.includes('"caught_up":true')) break;
  }
  reader.destroy();
  expect(read).toBe(MESSAGES);
  const peakMib = memory.peak() / MIB;
  figure('30 slow consoles', { peakMib: Math.round(peakMib), limitMib: MAX_MIB });
  expect(peakMib).toBeLessThan(MAX_MIB);
});

/** The beginning of a response, whose rest waits to be read. */
const openUnread = (url: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    // Its end comes as an error to those that are left unread, since Rogers is ended before them.
    get(url, { agent: false }, (response) => resolve(response.on('error', () => undefined))).on(
      'error',
      reject,
    );
  });
