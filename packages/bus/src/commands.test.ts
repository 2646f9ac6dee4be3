import { expect, test, vi } from 'vitest';
import { runCommand } from './commands.ts';
import type { RedisConnection } from './redis-connection.ts';

test('a stop ends the pause after a refusal', async () => {
  // No time passes: only the signal can end the pause.
  vi.useFakeTimers();
  try {
    const stop = new AbortController();
    const connection = { ready: true, reason: '', redis: {}, waitUntilReady: async () => true };
    const command = vi.fn(() => Promise.reject(new Error('LOADING')));
    const running = runCommand(connection as unknown as RedisConnection, command, { signal: stop.signal });
    const refused = expect(running).rejects.toMatchObject({ code: 'bus_unavailable' });
    await vi.advanceTimersByTimeAsync(0);
    stop.abort();
    await refused;
    expect(command).toHaveBeenCalledOnce();
  } finally {
    vi.useRealTimers();
  }
}, 5_000);
