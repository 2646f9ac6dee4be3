import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MadError, silentLogger } from '@mad-group/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ConfigError } from '../config.ts';
import type { Callers } from './callers.ts';
import { type CallersOptions, createCallers, isLoopback } from './create-callers.ts';
import { serviceTokenFor } from './service-token.ts';

const ALICE = 'alice-has-a-long-token';
const BOB = 'bob-has-a-long-token-too';
const LINES = `alice ${ALICE} read,converse\nbob ${BOB} admin`;

const made: Callers[] = [];
function callers(options: Partial<CallersOptions> = {}): Callers {
  const created = createCallers({ host: '127.0.0.1', auth: 'on', log: silentLogger, ...options });
  made.push(created);
  return created;
}
afterEach(() => {
  for (const one of made.splice(0)) one.stop();
});

const refusal = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return error;
  }
  return null;
};

describe('on loopback with nothing configured', () => {
  test('everyone is local with every scope, whatever they show', () => {
    for (const header of [undefined, 'Bearer anything', 'Basic abc']) {
      expect(callers().authenticate(header)).toMatchObject({ name: 'local' });
    }
  });

  test('a group secret alone asks nobody, and knows the service token', () => {
    const open = callers({ groupSecret: 's3cret' });
    expect(open.authenticate(undefined).name).toBe('local');
    expect(open.authenticate(`Bearer ${serviceTokenFor('s3cret')}`).name).toBe('mad-group');
    expect(open.authenticate('Bearer something-else-long').name).toBe('local');
  });
});

describe('with tokens', () => {
  test('each token stands for its caller and scopes, on loopback too', () => {
    const known = callers({ tokens: LINES });
    expect(known.authenticate(`Bearer ${ALICE}`)).toEqual({
      name: 'alice',
      scopes: new Set(['read', 'converse']),
    });
    expect(known.authenticate(`bearer  ${BOB}`).name).toBe('bob');
  });

  test.each([
    undefined,
    '',
    'Bearer',
    `Basic ${ALICE}`,
    ALICE,
    'Bearer wrong-wrong-wrong',
    `Bearer ${ALICE}x`,
  ])('the header %s is refused with 401', (header) => {
    const error = refusal(() => callers({ tokens: LINES }).authenticate(header));
    expect(error).toBeInstanceOf(MadError);
    expect((error as MadError).status).toBe(401);
  });

  test('members of the group are known beside them', () => {
    const known = callers({ host: '0.0.0.0', tokens: LINES, groupSecret: 'redis' });
    expect(known.serviceToken).toBe(serviceTokenFor('redis'));
    expect(known.authenticate(`Bearer ${known.serviceToken}`).name).toBe('mad-group');
    expect(serviceTokenFor('redis')).not.toBe(serviceTokenFor('other'));
  });
});

describe('beyond loopback', () => {
  test('with nobody known it refuses to begin and says what to set', () => {
    const error = refusal(() => callers({ host: '0.0.0.0' })) as Error;
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toMatch(/MAD_TOKENS.*REDIS_PASSWORD.*AUTH=off/);
  });

  test('a comment is nobody', () => {
    expect(() => callers({ host: '10.0.0.1', tokens: '# later\n' })).toThrow(ConfigError);
  });

  test('with a group secret only members get in', () => {
    const known = callers({ host: '0.0.0.0', groupSecret: 'redis' });
    expect(() => known.authenticate(undefined)).toThrow(/Authentication is required/);
    expect(known.authenticate(`Bearer ${serviceTokenFor('redis')}`).name).toBe('mad-group');
  });

  test('AUTH=off lets anyone in, and says so in the log', () => {
    const warn = vi.fn();
    const open = callers({ host: '0.0.0.0', auth: 'off', log: { ...silentLogger, warn } });
    expect(open.authenticate(undefined).name).toBe('local');
    expect(warn).toHaveBeenCalledOnce();
  });

  test('addresses are told apart from loopback', () => {
    expect(['127.0.0.1', '127.9.9.9', 'localhost', '::1'].map(isLoopback)).toEqual([true, true, true, true]);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.example.com', 'localhost.evil.com'].map(isLoopback)).toEqual(
      Array(5).fill(false),
    );
  });
});

describe('a file of tokens', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'callers-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const knows = (known: Callers, token: string): boolean =>
    refusal(() => known.authenticate(`Bearer ${token}`)) === null;

  test('is read again when it is replaced, as Kubernetes does through a symbolic link', async () => {
    for (const [version, line] of [
      ['v1', `alice ${ALICE} read`],
      ['v2', `bob ${BOB} read`],
    ] as const) {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'tokens'), line);
    }
    symlinkSync('v1', join(folder, '..data'));
    symlinkSync(join('..data', 'tokens'), join(folder, 'tokens'));
    const known = callers({ tokensFile: join(folder, 'tokens'), watchIntervalMs: 10 });
    expect([knows(known, ALICE), knows(known, BOB)]).toEqual([true, false]);

    symlinkSync('v2', join(folder, '..data_tmp'));
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    await vi.waitFor(() => expect([knows(known, ALICE), knows(known, BOB)]).toEqual([false, true]));
  });

  test('that is broken or gone keeps the callers, and is one error in the log', async () => {
    const path = join(folder, 'tokens');
    const error = vi.fn();
    writeFileSync(path, `alice ${ALICE} read`);
    const known = callers({ tokensFile: path, watchIntervalMs: 5, log: { ...silentLogger, error } });
    writeFileSync(path, 'broken');
    await vi.waitFor(() => expect(error).toHaveBeenCalledOnce());
    expect(JSON.stringify(error.mock.calls)).toContain('line 1');
    rmSync(path);
    await vi.waitFor(() => expect(error).toHaveBeenCalledTimes(2));
    expect(knows(known, ALICE)).toBe(true);
    writeFileSync(path, `bob ${BOB} read`);
    await vi.waitFor(() => expect(knows(known, BOB)).toBe(true));
    expect(error).toHaveBeenCalledTimes(2);
  });

  test('whose tokens are in files of their own knows them, and their successors', async () => {
    const [path, token] = [join(folder, 'tokens'), join(folder, 'alice')];
    writeFileSync(token, `${ALICE}\n`);
    writeFileSync(path, `# file:/of/no/meaning\nalice file:${token} read\nbob ${BOB} read`);
    const known = callers({ tokensFile: path, watchIntervalMs: 5 });
    expect([knows(known, ALICE), knows(known, BOB)]).toEqual([true, true]);
    writeFileSync(token, `new-${ALICE}`);
    await vi.waitFor(() =>
      expect([knows(known, ALICE), knows(known, `new-${ALICE}`)]).toEqual([false, true]),
    );
    // One that is not there keeps its caller out, and nobody else.
    const warn = vi.fn();
    const some = callers({
      tokens: `alice file:${join(folder, 'none')} read\nbob ${BOB} read`,
      log: { ...silentLogger, warn },
    });
    expect([knows(some, ALICE), knows(some, BOB)]).toEqual([false, true]);
    expect(warn).toHaveBeenCalledWith(expect.objectContaining({ name: 'alice' }), expect.any(String));
  });

  test('that is emptied lets nobody in', async () => {
    const path = join(folder, 'tokens');
    writeFileSync(path, `alice ${ALICE} read`);
    const known = callers({ tokensFile: path, watchIntervalMs: 5 });
    writeFileSync(path, '');
    await vi.waitFor(() => expect(knows(known, ALICE)).toBe(false));
    expect(knows(known, 'anything-that-is-long')).toBe(false);
  });

  test('that cannot be read at the start is an error of the environment', () => {
    expect(() => callers({ tokensFile: join(folder, 'none') })).toThrow(/MAD_TOKENS_FILE cannot be read/);
  });
});
