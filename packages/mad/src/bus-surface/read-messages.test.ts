import { type Bus, createMemoryBus } from '@mad-group/bus';
import { createEnvelope } from '@mad-group/protocol';
import { recordingLog } from '@mad-group/protocol/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMessageReader } from './read-messages.ts';

let bus: Bus;
beforeEach(async () => {
  bus = createMemoryBus();
  await bus.start();
});
afterEach(() => bus.stop());

const publish = (n: number) =>
  bus.publish(createEnvelope({ channel: 'mad.direct.me', senderId: 'you', payload: { n } }));

test('a message that cannot be handled is said, and the ones behind it are handed on', async () => {
  const { log, lines } = recordingLog();
  const seen: unknown[] = [];
  const reader = createMessageReader({
    bus,
    channel: 'mad.direct.me',
    log,
    onMessage({ payload }) {
      if (payload.n === 2) throw new Error('cannot be handled');
      seen.push(payload.n);
    },
  });
  await reader.start();
  await publish(1);
  await expect.poll(() => seen).toEqual([1]);
  await publish(2);
  await expect.poll(() => lines.map(({ message }) => message)).toEqual(['Reading mad.direct.me failed']);
  await publish(3);
  await expect.poll(() => seen).toEqual([1, 3]);
  await reader.stop();
});
