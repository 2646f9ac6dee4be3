import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  RECORDING_FORMAT,
  type RecordedTask,
  type RecordedTaskView,
  type RecordingLine,
  RecordingLineSchema,
  type TaskEvent,
} from '@mad-group/protocol';
import { UsageError } from '../io.ts';
import type { LoggedMessage } from './grace-log.ts';
import { systemWords } from './system-words.ts';

export interface Recording {
  /** Tasks that are whole, oldest first. */
  readonly tasks: readonly RecordedTask[];
  /** What clients sent through Grace, and what was replied, in the order of the log. */
  readonly messages: readonly LoggedMessage[];
  /** Why tasks that it tells of are not among those, and how many. */
  readonly leftOut: ReadonlyMap<string, number>;
  readonly gaps: number;
  /** False where the recording was broken off. */
  readonly complete: boolean;
  /** Nothing is missing of what was to be recorded: it was not broken off, has no gap, and each ended task is there. */
  readonly whole: boolean;
}

interface Draft {
  mad: string;
  view: RecordedTaskView | null;
  readonly events: Map<number, TaskEvent>;
}

/** No fault of a recording: the span ends somewhere. */
const NOT_ENDED = 'it had not ended';
const STREAM = 'mad.stream.';
const GATEWAY = 'grace';

/**
 * Reads a recording. Memory holds what its tasks said, and not the rest of the log.
 *
 * @throws UsageError that names the line which is none of a recording
 */
export async function readRecording(path: string): Promise<Recording> {
  const drafts = new Map<string, Draft>();
  const messages: LoggedMessage[] = [];
  let gaps = 0;
  let complete = false;

  const draftOf = (taskId: string, mad: string): Draft => {
    const known = drafts.get(taskId);
    if (known) return known;
    const draft = { mad, view: null, events: new Map<number, TaskEvent>() };
    drafts.set(taskId, draft);
    return draft;
  };

  for await (const line of readLines(path)) {
    switch (line.type) {
      case 'message': {
        const { message } = line;
        const { channel, sender_id: sender, payload } = message;
        if (channel.startsWith(STREAM) && typeof payload.seq === 'number') {
          addEvent(draftOf(channel.slice(STREAM.length), sender).events, payload as TaskEvent);
        } else if (isTalk(message)) messages.push(message);
        break;
      }
      case 'task': {
        const draft = draftOf(line.task.task_id, line.mad);
        draft.mad = line.mad;
        draft.view = line.task;
        break;
      }
      case 'task_events':
        for (const event of line.events) addEvent(draftOf(line.task_id, '').events, event);
        break;
      case 'gap':
        gaps += 1;
        break;
      case 'end':
        complete = true;
    }
  }
  const { tasks, leftOut } = sortOut(drafts.values());
  const whole = complete && gaps === 0 && [...leftOut.keys()].every((reason) => reason === NOT_ENDED);
  return { tasks, leftOut, messages, gaps, complete, whole };
}

/** What a client said through Grace, or what was replied to a call over the bus. */
const isTalk = ({ sender_id: sender, channel, headers }: LoggedMessage): boolean =>
  !channel.startsWith('mad.system.') &&
  !channel.startsWith(STREAM) &&
  (headers?.in_reply_to !== undefined || sender === GATEWAY);

/** A number may come twice: of an attempt whose end was lost with the power, and without its content. */
function addEvent(events: Map<number, TaskEvent>, event: TaskEvent): void {
  const known = events.get(event.seq);
  const better =
    !known || event.attempt > known.attempt || (known.truncated === true && event.attempt === known.attempt);
  if (better) events.set(event.seq, event);
}

/** The tasks that can be played again, and how many cannot for which reason. */
function sortOut(drafts: Iterable<Draft>): Pick<Recording, 'tasks' | 'leftOut'> {
  const tasks: RecordedTask[] = [];
  const leftOut = new Map<string, number>();
  for (const { mad, view, events } of drafts) {
    const reason = flawOf(view, events);
    if (view === null || reason !== null) {
      leftOut.set(reason ?? '', (leftOut.get(reason ?? '') ?? 0) + 1);
      continue;
    }
    const own = [...events.values()].filter(({ attempt }) => attempt === view.attempt);
    tasks.push({ mad, view, events: own.sort((a, b) => a.seq - b.seq) });
  }
  tasks.sort((a, b) => a.view.created_at.localeCompare(b.view.created_at));
  return { tasks, leftOut };
}

function flawOf(view: RecordedTaskView | null, events: ReadonlyMap<number, TaskEvent>): string | null {
  if (!view) return 'its prompt was not recorded';
  if (!['COMPLETED', 'FAILED', 'CANCELLED'].includes(view.status)) return NOT_ENDED;
  for (let seq = 1; seq <= view.last_seq; seq += 1) {
    const event = events.get(seq);
    if (!event || event.truncated === true) return 'some of its events were not recorded';
  }
  return null;
}

async function* readLines(path: string): AsyncGenerator<RecordingLine> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  let number = 0;
  /** A line that is no JSON may be the last one, half written. */
  let broken: UsageError | null = null;
  try {
    for await (const text of lines) {
      number += 1;
      if (broken) throw broken;
      if (text === '') continue;
      const value = parseJson(text);
      if (value === undefined) {
        if (number === 1) throw noRecording(path, 'its first line is no JSON');
        broken = damaged(path, number, 'is no JSON');
        continue;
      }
      yield parseLine(path, number, value);
    }
  } catch (error) {
    if (error instanceof Error && 'syscall' in error)
      throw new UsageError(`${path} cannot be read: ${systemWords(error)}.`);
    throw error;
  }
  if (number === 0) throw noRecording(path, 'it is empty');
}

function parseLine(path: string, number: number, value: unknown): RecordingLine {
  const { type, format } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (number === 1 && type !== 'recording')
    throw noRecording(path, 'its first line does not say that it is one');
  if (type === 'recording' && format !== RECORDING_FORMAT) {
    throw new UsageError(
      `${path} is a recording of format ${String(format)}, and this mad-cli reads format ${RECORDING_FORMAT}: use the version that wrote it, or a later one.`,
    );
  }
  const parsed = RecordingLineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw damaged(path, number, flawOfLine(type, value, parsed.error.issues[0]?.path ?? []));
}

/** What is wrong with a line of JSON, in words: the field where it is found first. */
function flawOfLine(type: unknown, value: unknown, field: readonly PropertyKey[]): string {
  if (typeof type !== 'string') return "says no 'type'";
  if (field[0] === 'type') return `has the type '${type}', which this mad-cli does not know`;
  let given: unknown = value;
  for (const key of field) given = (given as Record<PropertyKey, unknown> | null | undefined)?.[key];
  const flaw = given === undefined ? 'is missing' : 'is not what it should be';
  return `is not whole: '${field.join('.')}' of this '${type}' ${flaw}`;
}

const noRecording = (path: string, why: string): UsageError =>
  new UsageError(
    `${path} is no recording: ${why}. A recording is a file of JSON lines that mad-cli bus export made.`,
  );

const damaged = (path: string, line: number, what: string): UsageError =>
  new UsageError(`${path} is a recording, but not as mad-cli bus export wrote it: line ${line} ${what}.`);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
