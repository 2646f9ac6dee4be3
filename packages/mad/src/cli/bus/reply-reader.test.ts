import { createEnvelope, MadError, type Position } from '@mad-group/protocol';
import { expect, test } from 'vitest';
import type { LoggedMessage, LogPage } from './grace-log.ts';
import { ReplyReader } from './reply-reader.ts';

const replyTo = (asked: string, text: string): LoggedMessage => ({
  ...createEnvelope({
    channel: 'mad.direct.grace',
    senderId: 'fiedler',
    payload: { text },
    headers: { in_reply_to: asked },
  }),
  position: 'epoch-1:1-1' as Position,
});
const page = (...messages: LoggedMessage[]): LogPage => ({
  gaps: [],
  messages,
  position: 'epoch-1:1-1' as Position,
  caughtUp: true,
});

/** A reader that has heard the first page, and what gives it the second one, or its end. */
async function started(...first: LoggedMessage[]) {
  const next = Promise.withResolvers<LogPage>();
  async function* pages(): AsyncGenerator<LogPage> {
    yield page(...first);
    yield await next.promise;
  }
  const reader = new ReplyReader();
  await reader.start(pages());
  return { reader, next };
}

test('a reply is given to whoever waits for it, and to whoever asks later', async () => {
  const { reader, next } = await started(replyTo('a', 'early'));
  const waiting = reader.replyTo('b', 10_000);
  next.resolve(page(replyTo('b', 'late')));
  expect(await waiting).toMatchObject({ payload: { text: 'late' } });
  expect(await reader.replyTo('a', 10_000)).toMatchObject({ payload: { text: 'early' } });
});

test('no reply within the time is none', async () => {
  const { reader } = await started();
  expect(await reader.replyTo('a', 1)).toBeNull();
});

test('a Grace that stays away ends the wait with its words, and is no missing reply', async () => {
  const { reader, next } = await started();
  const waiting = reader.replyTo('a', 10_000);
  next.reject(new MadError('unreachable', 'Grace is away.'));
  await expect(waiting).rejects.toThrow('Grace is away.');
  await expect(reader.replyTo('b', 10_000)).rejects.toThrow('Grace is away.');
});
