import { expect, test } from 'vitest';
import { type DiskStep, parseStep } from './disk-trace.ts';
import { createFakeDisk } from './power-loss.ts';

const PATH = '/data/state.db';
const write = (offset: number, text: string): DiskStep => ({
  kind: 'write',
  path: PATH,
  offset,
  data: Buffer.from(text),
});
const sync: DiskStep = { kind: 'sync', path: PATH };

function left(
  steps: readonly DiskStep[],
  luck: 'nothing' | 'some',
  random = Math.random,
): string | undefined {
  const disk = createFakeDisk();
  for (const step of steps) disk.apply(step);
  return disk.afterPowerLoss(luck, random).get(PATH)?.toString();
}

test('what was synced is there, what was not is gone', () => {
  expect(left([write(0, 'lost')], 'nothing')).toBeUndefined();
  expect(left([write(0, 'kept'), sync, write(4, 'lost')], 'nothing')).toBe('kept');
  expect(left([write(0, 'kept'), write(4, ' too'), sync], 'nothing')).toBe('kept too');
  const truncate: DiskStep = { kind: 'truncate', path: PATH, length: 2 };
  expect(left([write(0, 'kept'), sync, truncate], 'nothing')).toBe('kept');
  expect(left([write(0, 'kept'), truncate, sync], 'nothing')).toBe('ke');
});

test('an unlink is sure once its directory is synced, and a new file of that name is another', () => {
  const unlink: DiskStep = { kind: 'unlink', path: PATH };
  expect(left([write(0, 'old'), sync, unlink], 'nothing')).toBe('old');
  expect(left([write(0, 'old'), sync, unlink, { kind: 'sync', path: '/data' }], 'nothing')).toBeUndefined();
  expect(left([write(0, 'old'), sync, unlink, write(0, 'n'), sync], 'nothing')).toBe('n');
});

test('of what was not synced, whole sectors are kept or lost, each on its own', () => {
  const [first, second] = ['a'.repeat(512), 'b'.repeat(512)] as const;
  const fates = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ].map((coins) => {
    const random = (): number => coins.shift() as number;
    const content = left([write(0, '-'.repeat(1024)), sync, write(0, first + second)], 'some', random) ?? '';
    expect(content).toMatch(/^(-{512}|a{512})(-{512}|b{512})$/);
    return `${content[0]}${content[1023]}`;
  });
  expect(fates).toEqual(['ab', 'a-', '-b', '--']);
});

test('a line of the recorder is read with its path, its place and its bytes', () => {
  const file = '\\x2f\\x64\\x62';
  expect(parseStep(`pwrite64(22<${file}>, "\\x61\\x62", 2, 4096) = 2`)).toEqual({
    kind: 'write',
    path: '/db',
    offset: 4096,
    data: Buffer.from('ab'),
  });
  expect(parseStep(`fdatasync(22<${file}>) = 0`)).toEqual({ kind: 'sync', path: '/db' });
  expect(parseStep(`fsync(22<${file}>)                = -1 EIO (Input/output error)`)).toBeUndefined();
  expect(parseStep(`ftruncate(22<${file}>, 8192) = 0`)).toEqual({
    kind: 'truncate',
    path: '/db',
    length: 8192,
  });
  expect(parseStep(`unlink("${file}") = 0`)).toEqual({ kind: 'unlink', path: '/db' });
  const socket = Buffer.from('socket:[17]').toString('hex').replace(/../g, '\\x$&');
  const parts = '[{iov_base="\\x61", iov_len=1}, {iov_base="\\x62", iov_len=1}], 2';
  expect(parseStep(`writev(30<${socket}>, ${parts}) = 2`)).toEqual({ kind: 'send', data: Buffer.from('ab') });
  expect(parseStep('+++ killed by SIGKILL +++')).toBeUndefined();
});
