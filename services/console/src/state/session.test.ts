import { expect, test } from 'vitest';
import { memoryStorage } from '../testing.ts';
import { ApiError } from '../wire/api.ts';
import { createSession, type Session } from './session.ts';

/** A Rogers that knows tokens by the name of their caller. */
function setUp(known: Record<string, string>, storage = memoryStorage()) {
  let starts = 0;
  const session: Session = createSession(
    {
      session: async () => {
        const caller = known[session.token() ?? ''];
        if (caller === undefined) throw new ApiError('unauthenticated', 'Nobody is known by this token.');
        return { caller, scopes: ['read'], version: '1', now: new Date().toISOString() };
      },
    },
    storage,
    () => {
      starts += 1;
    },
  );
  return { session, storage, starts: () => starts };
}

test('where nobody is asked, nobody logs in', async () => {
  const { session } = setUp({ '': 'local' });
  await session.check();
  expect(session.state.value).toMatchObject({ state: 'in', withToken: false, session: { caller: 'local' } });
});

test('a token is asked for, refused with the reason, and taken', async () => {
  const { session } = setUp({ 'good-token': 'alice' });
  await session.check();
  expect(session.state.value).toEqual({ state: 'login', reason: null });
  await session.logIn('bad-token');
  expect(session.state.value).toEqual({ state: 'login', reason: 'Nobody is known by this token.' });
  expect(session.token()).toBeNull();
  await session.logIn('  good-token\n');
  expect(session.state.value).toMatchObject({ state: 'in', withToken: true });
});

test.each(['', 'two words', 'tokén', 'a\u0000b'])('%j is refused before it is sent', async (token) => {
  const { session } = setUp({});
  await session.logIn(token);
  expect(session.state.value).toMatchObject({ state: 'login', reason: expect.stringContaining('no token') });
});

test('what one caller saw is not shown to the next', async () => {
  const { session, storage, starts } = setUp({ 'token-a': 'alice', 'token-b': 'bob' });
  await session.logIn('token-a');
  storage.setItem('mad-console-talk', 'what alice asked');
  session.refused('The token is not known any more.');
  await session.logIn('token-b');
  expect(starts()).toBe(1);
  expect(storage.getItem('mad-console-talk')).toBeNull();
  expect(session.token()).toBe('token-b');
});

test('a log-out forgets everything', async () => {
  const { session, storage, starts } = setUp({ 'token-a': 'alice' });
  await session.logIn('token-a');
  session.logOut();
  expect([storage.length, starts()]).toEqual([0, 1]);
});

test('what the token lacks is said with the scope that would do', async () => {
  const { session } = setUp({ 'token-a': 'alice' });
  await session.logIn('token-a');
  expect(session.lacks('read')).toBeNull();
  expect(session.lacks('converse')).toBe('The token of “alice” has the scope read; this needs “converse”.');
});
