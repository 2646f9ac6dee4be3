import type { ConsoleFrame, ConsoleMessage, TaskEvent } from '@mad-group/protocol';
import { type Entry, toEntry } from './state/entries.ts';

/** A position of the test's log: entry `number`, at `ms`. */
export const at = (number: number, ms = 1_000_000 + number * 10): ConsoleMessage['position'] =>
  `e1:${ms}-${number}` as ConsoleMessage['position'];

/** A message of the log. */
export function message(
  number: number,
  draft: Partial<ConsoleMessage> & { readonly ms?: number } = {},
): ConsoleMessage {
  const { ms, ...rest } = draft;
  return {
    message_id: `m${number}`,
    conversation_id: 'conversation',
    correlation_id: 'correlation',
    timestamp: '2026-11-21T12:00:00.000Z',
    sender_id: 'tester',
    recipient_id: null,
    channel: 'mad.topic.x',
    payload: { number },
    position: at(number, ms),
    ...rest,
  };
}

export const frame = (...given: Parameters<typeof message>): ConsoleFrame => ({
  type: 'message',
  message: message(...given),
});

export const entry = (...given: Parameters<typeof message>): Entry =>
  toEntry(frame(...given), given[0]) as Entry;

/** Event `seq` of a task. */
export const event = (seq: number, type: TaskEvent['type'], fields: Partial<TaskEvent> = {}): TaskEvent => ({
  seq,
  type,
  attempt: 1,
  timestamp: new Date(1_700_000_000_000 + seq * 100).toISOString(),
  token: '',
  ...fields,
});

/** A storage of one tab. */
export function memoryStorage(): Storage {
  const values = new Map<string, string>();
  return {
    get length() {
      return values.size;
    },
    clear: () => values.clear(),
    getItem: (key) => values.get(key) ?? null,
    key: (index) => [...values.keys()][index] ?? null,
    removeItem: (key) => void values.delete(key),
    setItem: (key, value) => void values.set(key, value),
  };
}
