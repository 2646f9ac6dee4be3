import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { link } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordingLine } from '@mad-group/protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CommandFailure } from '../io.ts';
import { fileWriter } from './recording-writer.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mad-writer-'));
  file = join(folder, 'all.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const LINE: RecordingLine = {
  type: 'end',
  messages: 0,
  tasks: 0,
  gaps: 0,
  from: null,
  to: null,
  position: null,
};
const TEXT = `${JSON.stringify(LINE)}\n`;
const failing = (code: string) => async (): Promise<never> => {
  throw Object.assign(new Error(`${code}: no, link 'a' -> 'b'`), { code });
};
/** A file system with these links, and somebody who makes the file while the recording is written. */
async function write(makeLink: typeof link, meanwhile = (): void => undefined) {
  const writer = await fileWriter(file, makeLink);
  await writer.write([LINE]);
  meanwhile();
  await writer.commit().finally(() => writer.discard());
}

test.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])(
  'a file comes to be where there are no hard links (%s)',
  async (code) => {
    await write(failing(code));
    expect(readFileSync(file, 'utf8')).toBe(TEXT);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['all.jsonl']);
  },
);

test.each([
  ['with hard links', link],
  ['without them', failing('EPERM')],
])(
  'a file that has come to be meanwhile is left as it is, and the recording is kept: %s',
  async (_, makeLink) => {
    const writing = write(makeLink, () => writeFileSync(file, 'mine'));
    await expect(writing).rejects.toThrow(CommandFailure);
    await expect(writing).rejects.toThrow(
      /all\.jsonl has come to be meanwhile, and was left as it is\. The recording/,
    );
    expect(readFileSync(file, 'utf8')).toBe('mine');
    const part = `${file}.part-${process.pid}`;
    await expect(writing).rejects.toThrow(`is whole and is kept as ${part}.`);
    expect(readFileSync(part, 'utf8')).toBe(TEXT);
  },
);

test('a name that cannot be given for another reason loses nothing either', async () => {
  await expect(write(failing('EIO'))).rejects.toThrow('is kept as');
  expect(existsSync(file)).toBe(false);
  expect(readFileSync(`${file}.part-${process.pid}`, 'utf8')).toBe(TEXT);
});

test('what is discarded leaves nothing', async () => {
  const writer = await fileWriter(file);
  await writer.write([LINE]);
  await writer.discard();
  await writer.discard();
  expect(readdirSync(folder)).toEqual([]);
});
