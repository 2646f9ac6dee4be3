import { expect, test } from 'vitest';
import { bindLog } from './bind-log.ts';
import { createLog } from './log.ts';

test('a bound log says its facts on every line, as a child does, and hides secrets in them', () => {
  const lines: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLog({ name: 'test', level: 'info', pretty: false, destination });
  const bound = bindLog(log, { correlation_id: 'c-1', token: 'secret' });
  bound.debug({ quiet: true }, 'not at this level');
  bound.info({ tool: 'a' }, 'one');
  bound.warn({}, 'two');
  bound.error({ err: new Error('broken') }, 'three');
  bound.child({ task_id: 't-1' }).info({}, 'four');
  expect(lines).toMatchObject([
    { msg: 'one', level: 'info', tool: 'a' },
    { msg: 'two', level: 'warn' },
    { msg: 'three', level: 'error', err: { message: 'broken' } },
    { msg: 'four', task_id: 't-1' },
  ]);
  for (const line of lines) expect(line).toMatchObject({ correlation_id: 'c-1', token: '[redacted]' });
});
