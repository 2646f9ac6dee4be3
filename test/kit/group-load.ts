import { setTimeout as sleep } from 'node:timers/promises';
import type { MonitoredGroup } from './monitored-group.ts';

export interface GroupLoad {
  /** Rounds that were done. */
  rounds(): number;
  /** Lets the round under way end. */
  stop(): Promise<void>;
}

const PAUSE_MS = 200;

/**
 * Uses every part of a group, round after round: tools of each MAD, tasks with and without a plan,
 * one that is cancelled, messages through Grace, a call over the bus, a request that is refused.
 */
export async function startGroupLoad(group: MonitoredGroup): Promise<GroupLoad> {
  const [grace, rogers, fiedler, thinking] = await Promise.all([
    group.connect('grace'),
    group.connect('rogers'),
    group.connect('fiedler'),
    group.connect('sequential-thinking'),
  ]);
  await grace.callOrThrow('grace_subscribe', {
    client_id: 'load',
    topics: ['mad.topic.load', 'mad.direct.load'],
  });
  let rounds = 0;
  let ended = false;

  async function round(): Promise<void> {
    const number = rounds;
    const toFiedler = { tool_name: 'fiedler_list_tasks', tool_input: { limit: 1 } };
    await Promise.all([
      fiedler.callOrThrow('fiedler_ask', { prompt: `Say something ${number}.` }),
      rogers.callOrThrow('rogers_ask', { prompt: `Say something of the bus ${number}.` }),
      thinking.callOrThrow('perform_sequential_thinking', { prompt: `Make tea ${number}.` }),
      rogers.callOrThrow('rogers_get_stats', { hours: 1 }),
      grace.callOrThrow('grace_send_message', { channel: 'mad.topic.load', payload: { number } }),
      grace.callOrThrow('grace_send_message', { channel: 'mad.direct.fiedler', payload: toFiedler }),
      refusedRequest(group.place('fiedler').url),
    ]);
    const { task_id: taskId } = await fiedler.callOrThrow('fiedler_converse', {
      prompt: 'cancel me',
      requester_id: 'load',
    });
    await fiedler.call('fiedler_cancel_task', { task_id: taskId });
    if (number % 5 === 0) {
      await fiedler.callOrThrow('fiedler_ask', { prompt: 'Plan the steps of a release.' });
      await rogers.callOrThrow('rogers_ask', { prompt: 'Plan the steps of an analysis.' });
    }
    await grace.callOrThrow('grace_poll_messages', { client_id: 'load' });
  }

  const loop = (async () => {
    while (!ended) {
      await round();
      rounds += 1;
      await sleep(PAUSE_MS);
    }
  })();
  // What it throws is thrown at the stop.
  loop.catch(() => undefined);
  return {
    rounds: () => rounds,
    async stop() {
      ended = true;
      await loop;
    },
  };
}

/** A page of another site's is turned away before any tool. */
async function refusedRequest(url: string): Promise<void> {
  const { host } = new URL(url);
  await fetch(`http://${host}/mcp`, { headers: { origin: 'http://elsewhere.example' } });
}
