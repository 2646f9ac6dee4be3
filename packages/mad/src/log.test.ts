import { expect, test } from 'vitest';
import { createLog } from './log.ts';

function capture(options: { level?: 'info' | 'debug'; pretty?: boolean } = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLog({
    name: 'toy',
    level: options.level ?? 'info',
    pretty: options.pretty ?? false,
    destination,
  });
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line)) };
}

test('a line is JSON with an ISO time, the level as a word, the facts and the message', () => {
  const { log, parsed } = capture();
  log.info({ task_id: 't1' }, 'Received new task t1');
  const [line] = parsed();
  expect(line).toMatchObject({ level: 'info', name: 'toy', task_id: 't1', msg: 'Received new task t1' });
  expect(new Date(line.time).toISOString()).toBe(line.time);
});

test('a child carries its facts on every line', () => {
  const { log, parsed } = capture();
  const child = log.child({ correlation_id: 'c1' });
  child.info({}, 'one');
  child.warn({}, 'two');
  expect(parsed().map(({ correlation_id }) => correlation_id)).toEqual(['c1', 'c1']);
});

test('secrets are shown nowhere, at the top, deeper, or in a child', () => {
  const { log, lines } = capture();
  log.info(
    { token: 'hush', headers: { authorization: 'Bearer hush' }, config: { OPENAI_API_KEY: 'hush' } },
    'a',
  );
  log.info({ request: { headers: { authorization: 'hush' } }, password: 'hush', apiKey: 'hush' }, 'b');
  log.child({ REDIS_PASSWORD: 'hush' }).info({}, 'c');
  expect(lines).toHaveLength(3);
  expect(lines.join('')).not.toContain('hush');
  expect(lines[0]).toContain('[redacted]');
});

test('errors come with their trace', () => {
  const { log, parsed } = capture();
  log.error({ err: new Error('broken') }, 'Failed');
  expect(parsed()[0].err).toMatchObject({ message: 'broken', stack: expect.stringContaining('log.test.ts') });
});

test('a level leaves out what is below it', () => {
  const { log, lines } = capture();
  log.debug({}, 'quiet');
  expect(lines).toEqual([]);
});

test('for a person it is a line to read, at once', () => {
  const { log, lines } = capture({ pretty: true });
  log.warn({ port: 8000 }, 'Look here');
  expect(lines.join('')).toMatch(/WARN.*Look here.*8000/s);
});
