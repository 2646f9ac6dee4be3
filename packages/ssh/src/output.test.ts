import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { ServerChannel } from 'ssh2';
import { expect, test } from 'vitest';
import { createOutput } from './output.ts';

/** A channel whose reader takes a piece when it is told to, over a socket that may be full. */
function scene({ isTerminal = true } = {}) {
  const taken: [string, string][] = [];
  const held: (() => void)[] = [];
  const socket = Object.assign(new EventEmitter(), { writableNeedDrain: false });
  const gone = new AbortController();
  const sent: unknown[] = [];
  const stream = (name: string) => ({
    write(text: string, done: () => void) {
      taken.push([name, text]);
      held.push(done);
    },
  });
  const channel = {
    ...stream('out'),
    stderr: stream('err'),
    exit: (code: number) => sent.push(code),
    eof: () => sent.push('eof'),
    close: () => sent.push('close'),
  };
  const output = createOutput(channel as unknown as ServerChannel, socket as unknown as Socket, {
    isTerminal,
    gone: gone.signal,
  });
  const read = async (): Promise<void> => {
    held.shift()?.();
    await new Promise(setImmediate);
  };
  return { output, taken, read, socket, gone, sent, channel };
}

const settled = async (promise: Promise<void>): Promise<boolean> => {
  let isSettled = false;
  void promise.then(() => {
    isSettled = true;
  });
  await new Promise(setImmediate);
  return isSettled;
};

test('sends a piece only when the reader took the one before, and says when all is taken', async () => {
  const { output, taken, read } = scene();
  output.write('one\n');
  output.write('two\n');
  output.write('three\n');
  const drained = output.drained();
  expect(taken).toEqual([['out', 'one\r\n']]);
  expect(await settled(drained)).toBe(false);
  await read();
  expect(taken.slice(1)).toEqual([['out', 'two\r\nthree\r\n']]);
  expect(await settled(drained)).toBe(false);
  await read();
  expect(await settled(drained)).toBe(true);
});

test('is full when much waits, or the socket does', async () => {
  const { output, read, socket } = scene();
  output.write('x');
  output.write('y'.repeat(70_000));
  expect(output.isFull).toBe(true);
  await read();
  expect(output.isFull).toBe(false);
  socket.writableNeedDrain = true;
  expect(output.isFull).toBe(true);
  await read();
  expect(await settled(output.drained())).toBe(false);
  socket.writableNeedDrain = false;
  socket.emit('drain');
  expect(await settled(output.drained())).toBe(true);
});

test('lets colours pass to a terminal, and no other sequence', () => {
  const terminal = scene();
  terminal.output.write('\u001b[32mgreen\u001b[0m \u001b[2Jcleared \u001b]0;renamed\u0007 \u009b6n\r\n\tend');
  expect(terminal.taken).toEqual([['out', '\u001b[32mgreen\u001b[0m [2Jcleared ]0;renamed 6n\r\n\tend']]);
  const pipe = scene({ isTerminal: false });
  pipe.output.write('\u001b[32mgreen\u001b[0m\n');
  expect(pipe.taken).toEqual([['out', 'green\n']]);
});

test('errors have a stream of their own, but on a terminal', async () => {
  const pipe = scene({ isTerminal: false });
  pipe.output.write('out');
  pipe.output.writeError('err');
  await pipe.read();
  expect(pipe.taken).toEqual([
    ['out', 'out'],
    ['err', 'err'],
  ]);
  const terminal = scene();
  terminal.output.writeError('err');
  expect(terminal.taken).toEqual([['out', 'err']]);
});

test('a reader that is gone keeps nobody waiting', async () => {
  const { output, gone, taken } = scene();
  output.write('one');
  output.write('two');
  const drained = output.drained();
  gone.abort();
  expect(await settled(drained)).toBe(true);
  output.write('three');
  expect(await settled(output.drained())).toBe(true);
  expect(taken).toHaveLength(1);
});

test('a connection that fails under it throws nothing', async () => {
  const { output, channel, sent } = scene();
  channel.write = () => {
    throw new Error('Instance unusable');
  };
  channel.exit = () => {
    throw new Error('Instance unusable');
  };
  output.write('one');
  expect(await settled(output.drained())).toBe(true);
  output.end(0);
  expect(sent).toEqual([]);
});

test('ends with the code, then closes', () => {
  const { output, sent } = scene();
  output.end(3);
  expect(sent).toEqual([3, 'eof', 'close']);
});
