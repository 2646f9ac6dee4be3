import { EventEmitter } from 'node:events';
import { silentLogger } from '@mad-group/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { onShutdown, type SignalSource } from './shutdown.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function fakeProcess() {
  const exits: number[] = [];
  const emitter = new EventEmitter();
  const source = Object.assign(emitter, { exit: (code: number) => void exits.push(code) });
  return {
    exits,
    source: source as unknown as SignalSource,
    signal: (name: string) => emitter.emit(name, name),
    emitter,
  };
}

test.each(['SIGTERM', 'SIGINT'])('the first %s stops, and ends the process with 0', async (name) => {
  const { source, signal, exits } = fakeProcess();
  const stop = vi.fn(() => new Promise<void>((resolve) => setTimeout(resolve, 100)));
  onShutdown(stop, { deadlineMs: 1000, log: silentLogger, process: source });
  signal(name);
  await vi.advanceTimersByTimeAsync(99);
  expect(exits).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(exits).toEqual([0]);
  expect(stop).toHaveBeenCalledOnce();
  await vi.advanceTimersByTimeAsync(5000);
  expect(exits).toEqual([0]);
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])('a second signal, %s, ends at once with %i', (name, code) => {
  const { source, signal, exits } = fakeProcess();
  onShutdown(() => new Promise(() => undefined), { deadlineMs: 1000, log: silentLogger, process: source });
  signal('SIGTERM');
  signal(name);
  expect(exits).toEqual([code]);
});

test('past the deadline it ends with 1 and a line', async () => {
  const { source, signal, exits } = fakeProcess();
  const error = vi.fn();
  onShutdown(() => new Promise(() => undefined), {
    deadlineMs: 1000,
    log: { ...silentLogger, error },
    process: source,
  });
  signal('SIGTERM');
  await vi.advanceTimersByTimeAsync(1000);
  expect(exits).toEqual([1]);
  expect(error).toHaveBeenCalledWith({ deadline_ms: 1000 }, 'Not stopped within the deadline');
});

test('a stop that fails ends with 1', async () => {
  const { source, signal, exits } = fakeProcess();
  onShutdown(() => Promise.reject(new Error('broken')), {
    deadlineMs: 1000,
    log: silentLogger,
    process: source,
  });
  signal('SIGTERM');
  await vi.advanceTimersByTimeAsync(0);
  expect(exits).toEqual([1]);
});

test('the handlers can be taken off', () => {
  const { source, emitter } = fakeProcess();
  onShutdown(async () => undefined, { deadlineMs: 1, log: silentLogger, process: source })();
  expect(emitter.listenerCount('SIGTERM') + emitter.listenerCount('SIGINT')).toBe(0);
});
