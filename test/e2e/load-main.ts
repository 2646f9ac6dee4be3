// A client of Fiedler for a pod: submits tasks steadily and follows each of them by sequence number,
// over new connections where one breaks, until /tmp/stop is there. Then it prints what became of them,
// one line of JSON. Runs in the image of a MAD.
import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSteadyClient } from '../kit/steady-client.ts';
import { answerTo } from './answers.ts';

const { FIEDLER_URL, MAD_TOKEN, RUN = 'load' } = process.env;
const INTERVAL_MS = 250;
const STOP_FILE = '/tmp/stop';

/** What the load saw; each list names tasks, and should be empty. */
export interface LoadReport {
  submitted: number;
  completed: number;
  /** Ended otherwise than COMPLETED. */
  failed: string[];
  /** A sequence number was missing, or came twice. */
  torn: string[];
  /** The text of the last attempt is not what the model said. */
  different: string[];
  /** Tasks that took more than one attempt: allowed, and told. */
  again: number;
}

const report: LoadReport = { submitted: 0, completed: 0, failed: [], torn: [], different: [], again: 0 };
const client = createSteadyClient(FIEDLER_URL as string, MAD_TOKEN ?? null);

interface TaskEvent {
  readonly seq: number;
  readonly type: string;
  readonly attempt: number;
  readonly token: string;
}

async function task(number: number): Promise<void> {
  const prompt = `${RUN}-${number}`;
  const accepted = await client.call('fiedler_converse', {
    prompt,
    requester_id: 'e2e',
    idempotency_key: prompt,
  });
  report.submitted += 1;
  const task_id = accepted.task_id as string;
  let after = 0;
  let attempt = 1;
  let text = '';
  for (;;) {
    const reply = await client.call('fiedler_get_task_events', { task_id, after, wait_ms: 5_000 });
    for (const event of reply.events as TaskEvent[]) {
      if (event.seq !== after + 1) report.torn.push(`${prompt}: ${event.seq} after ${after}`);
      after = event.seq;
      if (event.attempt !== attempt) {
        attempt = event.attempt;
        text = '';
      }
      if (event.type === 'token') text += event.token;
    }
    if (reply.done) {
      if (reply.task_status === 'COMPLETED') report.completed += 1;
      else report.failed.push(`${prompt}: ${reply.task_status}`);
      break;
    }
  }
  if (attempt > 1) report.again += 1;
  if (text !== answerTo(prompt).join('')) report.different.push(`${prompt}: ${text}`);
}

const tasks: Promise<void>[] = [];
while (!existsSync(STOP_FILE)) {
  tasks.push(task(tasks.length));
  await sleep(INTERVAL_MS);
}
await Promise.all(tasks);
await client.close();
console.log(JSON.stringify(report));
