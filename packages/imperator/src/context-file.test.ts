import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadContext } from './context-file.ts';
import { FIEDLER_TRIGGERS, ROGERS_TRIGGERS } from './triggers.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imperator-'));
});
afterEach(() => rm(folder, { recursive: true }));

const shipped = (mad: string): string => join(import.meta.dirname, '../../../services', mad, 'IMPERATOR.md');

test.each([
  ['fiedler', FIEDLER_TRIGGERS],
  ['rogers', ROGERS_TRIGGERS],
])('the file of %s has every section and names every trigger phrase', async (mad, triggers) => {
  const text = await loadContext(shipped(mad));
  for (const trigger of triggers) expect(text).toContain(`"${trigger}"`);
});

test('the headings of the first generation, in bold, count', async () => {
  const path = join(folder, 'IMPERATOR.md');
  const names = ['Primary Directive', 'Available Tools', 'Diagnostics Patterns', 'Security Boundaries'];
  await writeFile(
    path,
    [...names, 'Sequential Thinking Trigger'].map((name) => `**${name}**:\nx`).join('\n\n'),
  );
  expect(await loadContext(path)).toContain('**Primary Directive**');
});

test('without the file the MAD refuses to start and says where it should be', async () => {
  const path = join(folder, 'IMPERATOR.md');
  await expect(loadContext(path)).rejects.toThrow(
    `The MAD refuses to start: its Imperator's context file is not there. It should be at ${path}.`,
  );
});

test.each([
  ['## Security Boundaries', "'Security Boundaries'"],
  ['## Orchestration Patterns', "'Orchestration Patterns' or 'Diagnostics Patterns'"],
])('a file without %s is refused by name', async (heading, words) => {
  const path = join(folder, 'IMPERATOR.md');
  await writeFile(path, (await readFile(shipped('fiedler'), 'utf8')).replace(heading, 'Something else'));
  await expect(loadContext(path)).rejects.toThrow(`${path} lacks the section ${words}.`);
});
