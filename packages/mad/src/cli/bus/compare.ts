import type { Known } from './known-ids.ts';
import { diffLines } from './line-diff.ts';
import type { Played } from './play.ts';
import { replyTranscript, taskTranscript } from './transcript.ts';

/** Something that came out otherwise than it was recorded. */
export interface Difference {
  readonly kind: 'task' | 'message';
  /** Which one, for a person. */
  readonly what: string;
  /** As `diff -u` shows it. */
  readonly lines: readonly string[];
}

/** Characters of a prompt or of a channel that say which one is meant. */
const LABEL_CHARS = 60;

/**
 * What came out otherwise, in the order of the inputs. Ids are compared by what they stand for: a
 * task of then and its task of now have one name.
 *
 * @param ids from ids of the recording to ids of now
 */
export function compare(played: readonly Played[], ids: Known, withResults: boolean): Difference[] {
  const { recorded, now } = nameIds(played, ids);
  const then = { names: recorded, withResults };
  const today = { names: now, withResults };
  const differences: Difference[] = [];
  const add = (kind: Difference['kind'], what: string, before: string[], after: string[]): void => {
    const lines = diffLines(before, after);
    if (lines.length > 0) differences.push({ kind, what, lines });
  };
  for (const { input, task, reply } of played) {
    if (input.kind === 'message') {
      const what = `message on ${clip(input.message.channel)}`;
      add('message', what, replyTranscript(input.reply, then), replyTranscript(reply, today));
    }
    if (!input.task) continue;
    const { mad, view, events } = input.task;
    add(
      'task',
      `task of ${mad}: ${clip(view.prompt.replaceAll(/\s+/g, ' '))}`,
      taskTranscript(view, events, then),
      task ? taskTranscript(task.view, task.events, today) : ['(no task was made)'],
    );
  }
  return differences;
}

/** One name for what was and for what is in its place. */
function nameIds(played: readonly Played[], ids: Known): { recorded: Known; now: Known } {
  const recorded = new Map<string, string>();
  const counts = { task: 0, conversation: 0, correlation: 0 };
  const name = (kind: keyof typeof counts, id: string): void => {
    if (recorded.has(id)) return;
    counts[kind] += 1;
    recorded.set(id, `<${kind} ${counts[kind]}>`);
  };
  for (const { input } of played) {
    const holder = input.kind === 'message' ? input.message : input.task.view;
    name('conversation', holder.conversation_id);
    name('correlation', holder.correlation_id);
    if (input.task) name('task', input.task.view.task_id);
  }
  const now = new Map<string, string>();
  for (const [id, label] of recorded) {
    const present = ids.get(id);
    if (present !== undefined) now.set(present, label);
  }
  return { recorded, now };
}

const clip = (text: string): string => (text.length <= LABEL_CHARS ? text : `${text.slice(0, LABEL_CHARS)}…`);
