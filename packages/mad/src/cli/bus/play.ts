import type { RecordedTask } from '@mad-group/protocol';
import type { LoggedMessage } from './grace-log.ts';
import type { PlayedTask, ReplayGroup } from './replay-group.ts';
import { mustWait, type ReplayInput } from './replay-inputs.ts';

/** What came of an input this time. */
export interface Played {
  readonly input: ReplayInput;
  /** Null where no task was made. */
  readonly task: PlayedTask | null;
  /** Null where nothing was replied. */
  readonly reply: LoggedMessage | null;
}

type Group = Pick<ReplayGroup, 'giveTask' | 'sendMessage' | 'watchTask'>;

/**
 * Puts the inputs into a group in their order, each when those before it that it may have built on
 * are over.
 *
 * @throws what the first of them that fails throws; `stop` then ends the others at once
 */
export async function play(
  inputs: readonly ReplayInput[],
  group: Group,
  stop: AbortController,
): Promise<Played[]> {
  const running = new Map<ReplayInput, Promise<Played>>();
  const all: Promise<Played>[] = [];
  try {
    for (const input of inputs) {
      await Promise.all([...running].flatMap(([earlier, end]) => (mustWait(earlier, input) ? [end] : [])));
      stop.signal.throwIfAborted();
      const end = (await begin(input, group))().finally(() => running.delete(input));
      // It may fail while a later one is begun, when nothing here waits for it.
      end.catch((error: unknown) => stop.abort(error));
      running.set(input, end);
      all.push(end);
    }
    return await Promise.all(all);
  } catch (error) {
    stop.abort(error);
    await Promise.allSettled(all);
    // The others fail because they were ended: what ended them is the reason.
    throw stop.signal.reason;
  }
}

/** Resolves when the input is in, with what waits for what comes of it. */
async function begin(input: ReplayInput, group: Group): Promise<() => Promise<Played>> {
  if (input.kind === 'task') {
    const end = await group.giveTask(input.task);
    return async () => ({ input, task: await end(), reply: null });
  }
  const end = await group.sendMessage(input.message);
  if (!input.reply) return async () => ({ input, task: null, reply: null });
  return async () => {
    const reply = await end();
    return { input, reply, task: input.task && (await taskOf(input.task, reply, group)) };
  };
}

async function taskOf(
  recorded: RecordedTask,
  reply: LoggedMessage | null,
  group: Group,
): Promise<PlayedTask | null> {
  const taskId = reply?.payload.task_id;
  return typeof taskId === 'string' ? group.watchTask(taskId, recorded) : null;
}
