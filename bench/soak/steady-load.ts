import { connectTools, type ToolClient } from '@mad-group/mad';

/** Connections to each MAD. */
const CONNECTIONS = 4;
const TICK_MS = 20;
/** Calls that may be open at once. Where the machine is too slow for the pace, what is past it is left out and counted. */
const MAX_OPEN = 1_000;

/** What has been asked and answered so far. */
export interface LoadCounts {
  messagesSent: number;
  tasksAccepted: number;
  failures: number;
  /** Calls that were due and not made, since too many were open. */
  leftOut: number;
  /** How far the load itself fell behind its pace at most, in seconds. */
  lateS: number;
}

export interface SteadyLoad {
  readonly counts: LoadCounts;
  /** The first few failures, in words. */
  readonly words: readonly string[];
  stop(): Promise<void>;
}

/** Messages through Grace and tasks for Fiedler, so many of each a second, whatever the answers take. */
export async function startSteadyLoad(options: {
  readonly graceUrl: string;
  readonly fiedlerUrl: string;
  readonly messagesPerS: number;
  readonly tasksPerS: number;
}): Promise<SteadyLoad> {
  const connect = (url: string): Promise<ToolClient[]> =>
    Promise.all(Array.from({ length: CONNECTIONS }, () => connectTools(url)));
  const grace = await connect(options.graceUrl);
  const fiedler = await connect(options.fiedlerUrl);
  const counts: LoadCounts = { messagesSent: 0, tasksAccepted: 0, failures: 0, leftOut: 0, lateS: 0 };
  const words: string[] = [];
  const open = new Set<Promise<void>>();
  const startedMs = performance.now();
  let messages = 0;
  let tasks = 0;

  function call(clients: ToolClient[], index: number, tool: string, input: object, done: () => void): void {
    if (open.size >= MAX_OPEN) {
      counts.leftOut += 1;
      return;
    }
    const client = clients[index % clients.length] as ToolClient;
    const answer = client.callOrThrow(tool, input, { timeoutMs: 30_000 }).then(done, (error: Error) => {
      counts.failures += 1;
      if (words.length < 10) words.push(`${tool}: ${error.message}`);
    });
    open.add(answer);
    void answer.then(() => open.delete(answer));
  }

  const timer = setInterval(() => {
    const elapsedS = (performance.now() - startedMs) / 1000;
    const lateS = elapsedS - messages / options.messagesPerS - TICK_MS / 1000;
    counts.lateS = Math.max(counts.lateS, Math.round(lateS * 10) / 10);
    for (; messages < elapsedS * options.messagesPerS; messages += 1) {
      const payload = { number: messages, text: 'a reading of some sensor, as long as such things are' };
      call(grace, messages, 'grace_send_message', { channel: `mad.topic.t${messages % 50}`, payload }, () => {
        counts.messagesSent += 1;
      });
    }
    for (; tasks < elapsedS * options.tasksPerS; tasks += 1) {
      const input = { requester_id: 'soak', prompt: `What is the state of number ${tasks}?` };
      call(fiedler, tasks, 'fiedler_converse', input, () => {
        counts.tasksAccepted += 1;
      });
    }
  }, TICK_MS);

  return {
    counts,
    words,
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      await Promise.all([...grace, ...fiedler].map((client) => client.close()));
    },
  };
}
