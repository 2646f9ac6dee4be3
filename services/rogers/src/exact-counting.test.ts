import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Bus, createBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { startRedis } from '@mad-group/bus/testing';
import {
  comparePlaces,
  createEnvelope,
  type Position,
  parsePosition,
  silentLogger,
} from '@mad-group/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { tallyBatch } from './batch-tally.ts';
import { NO_PROGRESS } from './log-progress.ts';
import { openTestDatabase, temporaryFolder } from './testing/test-database.ts';
import { createTrafficStore } from './traffic-store.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const SENDERS = ['fiedler', 'grace', "o'brien; --"];
const CHANNELS = ['mad.topic.x', 'mad.direct.grace', 'mad.stream.1', 'mad.odd'];
const KILLS = 6;

/** Rogers in a process of its own, as its image runs it. */
function startRogers(redisUrl: string, dataDir: string) {
  const { PATH } = process.env;
  const env = {
    PATH,
    REDIS_URL: redisUrl,
    DATA_DIR: dataDir,
    ROGERS_PORT: '0',
    PLATFORM_PORT: '0',
    LOG_LEVEL: 'info',
  };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const take = (chunk: Buffer): void => {
    output += chunk;
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  return {
    /** Waits for the line of a message, which comes after the commit that counts it. */
    hasCounted: (sender = '') =>
      expect
        .poll(() => output, { timeout: 40_000 })
        .toContain(`[Metrics] Received message from sender: ${sender}`),
    async end(signal: NodeJS.Signals) {
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
      return { code: child.exitCode, output };
    },
  };
}

/** Publishes until it is ended, with pauses that leave others the processor; resolves to how many each sender published. */
function publishOn(bus: Bus) {
  const published = new Map<string, number>(SENDERS.map((sender) => [sender, 0]));
  let ended = false;
  const loop = async (): Promise<void> => {
    for (let n = 0; !ended; n += 1) {
      const drafts = Array.from({ length: 40 }, (_, k) => ({
        senderId: SENDERS[(n + k) % SENDERS.length] as string,
        channel: CHANNELS[k % CHANNELS.length] as string,
        payload: { n, k },
      }));
      await Promise.all(drafts.map((draft) => bus.publish(createEnvelope(draft))));
      for (const { senderId } of drafts) published.set(senderId, (published.get(senderId) ?? 0) + 1);
      await sleep(5);
    }
  };
  const done = loop();
  return {
    published,
    async end() {
      ended = true;
      await done;
    },
  };
}

/** The counts of the log up to a position, by a plain reading of it. */
async function countLog(bus: Bus, until: Position): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  let from: Position | 'start' = 'start';
  const isCounted = (position: Position): boolean =>
    comparePlaces(parsePosition(position).place, parsePosition(until).place) <= 0;
  for (;;) {
    const batch = await bus.readOnce({ from, patterns: () => ['mad.#'], maxBatch: 1000 });
    const items = batch.items.filter((item) => item.kind === 'message' && isCounted(item.envelope.position));
    for (const { hour, senderId, topicPattern, count } of tallyBatch(
      { items },
      { connections: new Map(), progress: NO_PROGRESS },
    ).counts) {
      const key = `${hour} ${senderId} ${topicPattern}`;
      counts.set(key, (counts.get(key) ?? 0) + count);
    }
    if (batch.caughtUp || items.length < batch.items.length) return counts;
    from = batch.position;
  }
}

/** What Rogers stored: its position, its hours, its totals by sender. */
function readStored(folder: string) {
  const database = openTestDatabase(folder);
  const store = createTrafficStore(database.relaxed);
  const position = store.load().position as Position;
  const hours = new Map(
    store
      .stats(Date.now(), 24)
      .map((row) => [`${row.hour_timestamp} ${row.sender_id} ${row.topic_pattern}`, row.total_messages]),
  );
  const totals = new Map<string, number>();
  for (const { label, count } of store.totals()) totals.set(label, (totals.get(label) ?? 0) + count);
  database.close();
  return { position, hours, totals };
}

test(`after each of ${KILLS} kill -9 the counts are those of the log up to the stored position`, async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const bus = createBus({ url: redis.url, limits: DEFAULT_LOG_LIMITS }, { log: silentLogger });
  await bus.start();
  onTestFinished(() => bus.stop());
  const folder = temporaryFolder();
  const publishing = publishOn(bus);
  onTestFinished(() => publishing.end());

  let counted = 0;
  for (let kill = 0; kill < KILLS; kill += 1) {
    const rogers = startRogers(redis.url, folder);
    await rogers.hasCounted();
    // Somewhere in the middle of its work, another place each time.
    await sleep(37 * kill);
    await rogers.end('SIGKILL');
    const stored = readStored(folder);
    expect(stored.hours).toEqual(await countLog(bus, stored.position));
    const sum = [...stored.hours.values()].reduce((total, count) => total + count, 0);
    expect(sum).toBeGreaterThan(counted);
    counted = sum;
  }

  await publishing.end();
  const last = await bus.publish(createEnvelope({ senderId: 'last', channel: 'mad.topic.end', payload: {} }));
  const rogers = startRogers(redis.url, folder);
  await rogers.hasCounted('last');
  const { code } = await rogers.end('SIGTERM');
  expect(code).toBe(0);
  const stored = readStored(folder);
  expect(
    comparePlaces(parsePosition(stored.position).place, parsePosition(last).place),
  ).toBeGreaterThanOrEqual(0);
  expect(stored.hours).toEqual(await countLog(bus, stored.position));
  for (const [sender, count] of publishing.published) expect(stored.totals.get(sender)).toBe(count);
}, 180_000);
