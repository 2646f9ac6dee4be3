// A sender in a process of its own: publishes COUNT messages as SENDER, at most RATE a second, and
// writes the message id and position of each acknowledged one to the file RECORD.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRedisBus, DEFAULT_LOG_LIMITS } from '@mad-group/bus';
import { createEnvelope, type Envelope, MadError, type Position, silentLogger } from '@mad-group/protocol';

const { REDIS_URL = '', SENDER = '', RECORD = '', COUNT, RATE } = process.env;
const count = Number(COUNT);
/** Messages that wait for their answer at one time. */
const LANES = 20;
const CHANNELS = ['mad.topic.news', 'mad.direct.nobody', 'mad.stream.task-1', 'mad.odd', 'mad.system.note'];
/** Shorter than the outages, so that a publish is given up and asked for again. */
const TIMEOUT_MS = 1_500;

const bus = createRedisBus({
  url: REDIS_URL,
  log: silentLogger,
  limits: { ...DEFAULT_LOG_LIMITS, maxBytes: 2 ** 30 },
});
let next = 0;
let again = 0;

/** Where no answer came, the message may be in the log or not: it is sent until one comes. */
async function untilAcknowledged(envelope: Envelope): Promise<Position> {
  for (let retry = false; ; retry = true) {
    try {
      return await bus.publish(envelope, { retry, timeoutMs: TIMEOUT_MS });
    } catch (error) {
      if (!(error instanceof MadError) || error.code !== 'bus_unavailable') throw error;
      again += 1;
    }
  }
}

async function lane(): Promise<void> {
  while (next < count) {
    const n = next;
    next += 1;
    const startedMs = performance.now();
    const channel = CHANNELS[n % CHANNELS.length] as string;
    const envelope = createEnvelope({ senderId: SENDER, channel, payload: { n } });
    const position = await untilAcknowledged(envelope);
    appendFileSync(RECORD, `${envelope.message_id} ${position}\n`);
    await sleep(Math.max(0, (LANES * 1_000) / Number(RATE) - (performance.now() - startedMs)));
  }
}

await bus.start();
await Promise.all(Array.from({ length: LANES }, lane));
await bus.stop();
console.log(JSON.stringify({ published: next, again }));
