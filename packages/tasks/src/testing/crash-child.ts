import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { formatPosition, silentLogger, systemClock } from '@mad-group/protocol';
import { openDatabase } from '../database.ts';
import { TASK_MIGRATIONS } from '../task-migrations.ts';
import { createTaskRunner } from '../task-runner.ts';
import { createTaskStore } from '../task-store.ts';
import { caller, silentMetrics, thinkerOf, token, wording } from './fakes.ts';

/**
 * A process to be killed: opens the database, submits tasks as it is told on its standard input (a
 * line each: the idempotency key), and writes each envelope to a file, as a bus would keep it. It
 * says `taken KEY TASK_ID` once a task is acknowledged, and `published` for each envelope.
 */
const [, , path = '', logPath = ''] = process.argv;

const thinker = thinkerOf(async function* ({ prompt, taskId }) {
  for (let n = 0; n < 5; n += 1) {
    await delay(1);
    yield token(`${n}:`);
  }
  yield token(`${prompt} of ${taskId}`);
});

const database = openDatabase({ path, log: silentLogger, migrations: TASK_MIGRATIONS, lockWaitMs: 5_000 });
const store = createTaskStore(database, { clock: systemClock });
const runner = createTaskRunner({
  store,
  thinker,
  publisher: {
    async publish(envelope, { retry = false } = {}) {
      appendFileSync(logPath, `${JSON.stringify({ retry, envelope })}\n`);
      process.stdout.write('published\n');
      return formatPosition({ epoch: 'file', place: '1-1' });
    },
  },
  clock: systemClock,
  log: silentLogger,
  metrics: silentMetrics,
  madId: 'fiedler',
  wording,
  concurrency: 8,
  queueMax: 100_000,
  maxAttempts: 1_000,
  retentionDays: 30,
});
await runner.start();

let rest = '';
process.stdin.setEncoding('utf8').on('data', (chunk: string) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop() ?? '';
  for (const key of lines) {
    runner
      .submit({ prompt: `prompt ${key}`, idempotencyKey: key, correlationId: key }, caller('alice'))
      .then(({ taskId }) => process.stdout.write(`taken ${key} ${taskId}\n`));
  }
});
process.stdout.write('ready\n');
