import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEnvelope, type EnvelopeDraft, type TaskEvent } from '@mad-group/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RECORDING_HEADER, taskView } from '../../recorded-model/recording.test-support.ts';
import { UsageError } from '../io.ts';
import { readRecording } from './recording.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mad-recording-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const END = { type: 'end', messages: 1, tasks: 1, gaps: 0, from: null, to: null, position: null };

let places = 0;
const message = (draft: Partial<EnvelopeDraft>) => {
  places += 1;
  const envelope = createEnvelope({ channel: 'mad.topic.a', senderId: 'grace', payload: {}, ...draft });
  return { type: 'message', message: { ...envelope, position: `epoch-1:${places}-${places}` } };
};
const event = (seq: number, rest: Partial<TaskEvent> = {}): TaskEvent => ({
  seq,
  type: 'token',
  attempt: 1,
  timestamp: '',
  token: `t${seq}`,
  ...rest,
});
const streamed = (seq: number, rest: Partial<TaskEvent> = {}) =>
  message({ channel: 'mad.stream.task-1', senderId: 'fiedler', payload: event(seq, rest) });
const task = (given = {}) => ({ type: 'task', mad: 'fiedler', task: taskView({ last_seq: 3, ...given }) });

/** Reads what these lines say; text is a line as it is. */
function read(...lines: (object | string)[]) {
  const file = join(folder, 'recording.jsonl');
  writeFileSync(
    file,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  );
  return readRecording(file);
}
const tokensOf = ({ events }: { events: readonly TaskEvent[] } = { events: [] }): string[] =>
  events.map(({ token }) => token);

describe('a recording', () => {
  test('gives each task with its events, wherever they stand', async () => {
    const rest = { type: 'task_events', task_id: 'task-1', events: [event(1), event(2)] };
    const { tasks, leftOut, complete } = await read(RECORDING_HEADER, streamed(3), task(), rest, END);
    expect(tasks).toHaveLength(1);
    expect(tasks[0]).toMatchObject({ mad: 'fiedler', view: { prompt: 'Do it.' } });
    expect(tokensOf(tasks[0])).toEqual(['t1', 't2', 't3']);
    expect(leftOut.size).toBe(0);
    expect(complete).toBe(true);
  });

  test('gives of a task its last attempt, also where numbers of an earlier one came again', async () => {
    const { tasks } = await read(
      RECORDING_HEADER,
      streamed(1),
      streamed(2),
      streamed(2, { type: 'attempt', attempt: 2, token: '' }),
      streamed(3, { attempt: 2, token: 'again' }),
      streamed(3, { attempt: 1, token: 'late' }),
      task({ attempt: 2 }),
      END,
    );
    expect(tokensOf(tasks[0])).toEqual(['', 'again']);
  });

  test('takes an event with its content for one without', async () => {
    const rest = { type: 'task_events', task_id: 'task-1', events: [event(2), event(3)] };
    const { tasks } = await read(
      RECORDING_HEADER,
      streamed(1),
      streamed(2, { truncated: true, token: '' }),
      rest,
      task(),
      END,
    );
    expect(tokensOf(tasks[0])).toEqual(['t1', 't2', 't3']);
  });

  test('orders tasks by their beginning', async () => {
    const at = (minute: number) => ({ created_at: `2026-01-31T09:0${minute}:00.000Z`, last_seq: 0 });
    const { tasks } = await read(
      RECORDING_HEADER,
      task({ task_id: 'b', ...at(2) }),
      task({ task_id: 'a', ...at(1) }),
      END,
    );
    expect(tasks.map(({ view }) => view.task_id)).toEqual(['a', 'b']);
  });

  test.each([
    ['its prompt was not recorded', [streamed(1)]],
    ['it had not ended', [streamed(1), task({ status: 'STREAMING', last_seq: 1 })]],
    ['some of its events were not recorded', [streamed(1), streamed(3), task()]],
    [
      'some of its events were not recorded',
      [streamed(1), streamed(2, { truncated: true }), streamed(3), task()],
    ],
  ])('leaves a task out, since %s', async (reason, lines) => {
    const { tasks, leftOut } = await read(RECORDING_HEADER, ...lines, END);
    expect(tasks).toEqual([]);
    expect([...leftOut]).toEqual([[reason, 1]]);
  });

  test('gives what clients said and what was replied, and not the rest of the log', async () => {
    const { messages, gaps } = await read(
      RECORDING_HEADER,
      message({ messageId: 'said' }),
      message({ messageId: 'beat', channel: 'mad.system.heartbeat' }),
      message({ messageId: 'replied', senderId: 'fiedler', headers: { in_reply_to: 'said' } }),
      message({ messageId: 'of a member', senderId: 'librarian' }),
      { type: 'gap', gap: { reason: 'epoch', from: null, to: null } },
      END,
    );
    expect(messages.map(({ message_id: id }) => id)).toEqual(['said', 'replied']);
    expect(gaps).toBe(1);
  });
});

describe('a file', () => {
  test('that was broken off is read up to there', async () => {
    expect(await read(RECORDING_HEADER, streamed(1), '{"type":"mess')).toMatchObject({ complete: false });
    expect(await read(RECORDING_HEADER, streamed(1))).toMatchObject({ complete: false });
  });

  test.each([
    [
      'nothing',
      [],
      'is no recording: it is empty. A recording is a file of JSON lines that mad-cli bus export',
    ],
    ['something else', ['{"a":1}'], 'is no recording: its first line does not say that it is one.'],
    ['no JSON', ['{', '  "name": "x"', '}'], 'is no recording: its first line is no JSON. A recording is'],
    [
      'no JSON in the middle',
      [RECORDING_HEADER, 'oops', END],
      'not as mad-cli bus export wrote it: line 2 is no JSON.',
    ],
    [
      'a line without its message',
      [RECORDING_HEADER, { type: 'message' }, END],
      "line 2 is not whole: 'message' of this 'message' is missing.",
    ],
    [
      'a line with something else in it',
      [RECORDING_HEADER, { type: 'task_events', task_id: 'a', events: [{ ...event(1), seq: 'one' }] }, END],
      "line 2 is not whole: 'events.0.seq' of this 'task_events' is not what it should be.",
    ],
    [
      'a line of an unknown type',
      [RECORDING_HEADER, { type: 'foo' }],
      "line 2 has the type 'foo', which this mad-cli does not know.",
    ],
    ['a line without a type', [RECORDING_HEADER, [1]], "line 2 says no 'type'."],
    [
      'a later format',
      [{ ...RECORDING_HEADER, format: 2 }],
      'is a recording of format 2, and this mad-cli reads format 1',
    ],
  ])('that holds %s is refused with the line', async (_, lines, words) => {
    await expect(read(...lines)).rejects.toThrow(words);
    await expect(read(...lines)).rejects.toThrow(UsageError);
  });

  test('that is not there is refused', async () => {
    await expect(readRecording(join(folder, 'none.jsonl'))).rejects.toThrow(
      /none\.jsonl cannot be read: no such file or directory\.$/,
    );
  });
});
