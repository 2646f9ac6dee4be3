import { expect, test, vi } from 'vitest';
import type { Output } from './output.ts';
import { openPrompt, type Prompt, type PromptOptions } from './prompt.ts';

interface Scene {
  readonly prompt: Prompt;
  /** What the terminal was sent. */
  shown(): string;
  /** Lines that were run, in order. */
  readonly ran: string[];
  /** Ends the command that runs now. */
  finish(exitCode?: number): void;
  readonly histories: string[][];
  ready(): number;
}

function open(options: Partial<PromptOptions> = {}, hold = false): Scene {
  let shown = '';
  let ready = 0;
  const ran: string[] = [];
  const histories: string[][] = [];
  let finish: (exitCode?: number) => void = () => undefined;
  const write = (text: string): void => {
    shown += text;
  };
  const output: Output = {
    isFull: false,
    write,
    writeError: write,
    writeRaw: write,
    drained: async () => undefined,
    end: () => undefined,
  };
  const prompt = openPrompt({
    output,
    promptText: 'toy> ',
    terminal: { columns: 80 },
    history: [],
    onHistory: (history) => histories.push([...history]),
    run(line, signal) {
      ran.push(line);
      if (!hold) return Promise.resolve(line === 'fail' ? 3 : 0);
      const { promise, resolve } = Promise.withResolvers<number>();
      finish = (exitCode = 0) => resolve(exitCode);
      signal.addEventListener('abort', () => resolve(130));
      return promise;
    },
    complete: async (line) => [['mad-status ', 'mad-tail'].filter((name) => name.startsWith(line)), line],
    onReady: () => {
      ready += 1;
    },
    ...options,
  });
  return { prompt, shown: () => shown, ran, finish: (code) => finish(code), histories, ready: () => ready };
}
const type = ({ prompt }: Scene, text: string): void => prompt.take(Buffer.from(text));
const UP = '\u001b[A';

test('runs line after line, and leaves with the code of the last', async () => {
  const scene = open();
  type(scene, 'one\rfail\r');
  await expect.poll(() => scene.ran).toEqual(['one', 'fail']);
  type(scene, 'exit\r');
  expect(await scene.prompt.over).toBe(3);
  expect(scene.shown()).toMatch(/^.*toy> .*one\r\n/s);
});

test('Ctrl-D on an empty line leaves, on another it does not', async () => {
  const scene = open();
  type(scene, 'one\u0004\r');
  await expect.poll(() => scene.ran).toEqual(['one']);
  type(scene, '\u0004');
  expect(await scene.prompt.over).toBe(0);
});

test('Ctrl-C throws away the line that is typed', async () => {
  const scene = open();
  type(scene, 'forget this\u0003');
  await expect.poll(scene.shown).toContain('^C');
  type(scene, 'one\r');
  await expect.poll(() => scene.ran).toEqual(['one']);
});

test('Ctrl-C interrupts what runs, and what was typed ahead is meant no more', async () => {
  const scene = open({}, true);
  type(scene, 'one\r');
  await expect.poll(() => scene.ran).toEqual(['one']);
  type(scene, 'two\r\u0003three\r');
  await expect.poll(() => scene.ran).toEqual(['one', 'three']);
});

test('what is typed while a command runs is run after it', async () => {
  const scene = open({}, true);
  type(scene, 'one\r');
  await expect.poll(() => scene.ran).toEqual(['one']);
  type(scene, 'tw');
  type(scene, 'o\r');
  expect(scene.ran).toEqual(['one']);
  scene.finish();
  await expect.poll(() => scene.ran).toEqual(['one', 'two']);
});

test('Ctrl-Z and Ctrl-\\ mean nothing: they must not stop the process that serves', async () => {
  const scene = open();
  // Without our listener Node would send itself the signal to stop.
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  type(scene, '\u001a\u001cone\r');
  await expect.poll(() => scene.ran.length).toBe(1);
  expect(kill).not.toHaveBeenCalled();
  kill.mockRestore();
});

test('the arrow brings back earlier lines, those of an earlier login too', async () => {
  const scene = open({ history: ['before'] });
  type(scene, 'one\r');
  await expect.poll(() => scene.ran).toEqual(['one']);
  type(scene, `${UP}\r`);
  await expect.poll(() => scene.ran).toEqual(['one', 'one']);
  type(scene, `${UP}${UP}\r`);
  await expect.poll(() => scene.ran).toEqual(['one', 'one', 'before']);
  expect(scene.histories.at(-1)).toEqual(['before', 'one']);
});

test('Tab completes a word, or shows what there is', async () => {
  const scene = open();
  type(scene, 'mad-s\t');
  await expect.poll(scene.shown).toContain('status ');
  type(scene, '\r');
  await expect.poll(() => scene.ran).toEqual(['mad-status ']);
  type(scene, 'mad-');
  type(scene, '\t');
  type(scene, '\t');
  await expect.poll(scene.shown).toMatch(/mad-status\s+mad-tail/);
});

test('without a terminal lines are run without a prompt, an echo or colours, to the end of the input', async () => {
  const scene = open({ terminal: null });
  type(scene, 'one\ntw');
  type(scene, 'o\nfail');
  scene.prompt.endInput();
  expect(await scene.prompt.over).toBe(3);
  expect(scene.ran).toEqual(['one', 'two', 'fail']);
  expect(scene.shown()).toBe('');
});

test('what is piped in faster than it is run is not taken until there is room', async () => {
  const scene = open({ terminal: null }, true);
  type(scene, 'next\n'.repeat(200));
  await expect.poll(() => scene.prompt.isFull).toBe(true);
  expect(scene.ready()).toBe(0);
  for (let done = 1; done <= 200; done += 1) {
    await expect.poll(() => scene.ran.length).toBe(done);
    scene.finish();
  }
  await expect.poll(scene.ready).toBe(1);
  expect(scene.prompt.isFull).toBe(false);
});

test.each([{ columns: 80 }, null])('a line without an end is the end (terminal: %j)', async (terminal) => {
  const scene = open({ terminal });
  for (let pieces = 0; pieces < 5; pieces += 1) type(scene, 'x'.repeat(1000));
  await scene.prompt.over;
  expect(scene.shown()).toContain('a line has at most 4096 characters; goodbye');
});

test('any keys at all leave it standing', async () => {
  const scene = open();
  for (let byte = 0; byte < 256; byte += 1) {
    if (byte !== 0x04) scene.prompt.take(Buffer.of(byte));
  }
  type(scene, '\u001b[999~\u001b[1;5D\u001bOP\u001b[200~\u0003');
  type(scene, '\u0015one\r');
  await expect.poll(() => scene.ran).toContain('one');
});
