import type { RecordedTaskView, TaskEvent } from '@mad-group/protocol';
import type { LoggedMessage } from './grace-log.ts';
import { type Known, replaceIds } from './known-ids.ts';

export interface TranscriptOptions {
  /** Names for ids that are known: `task 2`, `conversation 1`. */
  readonly names: Known;
  /** Whether what tools gave is part of it. */
  readonly withResults: boolean;
}

const TIME = /\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})/g;
/** Numbers that follow how tokens were grouped and how often something was tried. */
const COUNTS = /"(last_seq|attempt|total_messages)":\s*\d+/g;
/** Whose a task is: in a replay that of whoever replays. */
const OWNER = /"owner":\s*"(?:[^"\\]|\\.)*"/g;
const STACK = /"stack_trace":\s*(?:"(?:[^"\\]|\\.)*"|null)/g;
/** How long the provider had been away is a time, too. */
const AWAY = /\bThe model provider has been away for \d+ s\. /g;

/**
 * A task as lines that can be compared: what was asked, what was planned, said, looked up, and how it
 * ended, in order. Without what is another at each run: ids are numbered, and of what tools gave
 * times, owners, stack traces, and numbers of events, messages and attempts are left out.
 */
export function taskTranscript(
  view: RecordedTaskView,
  events: readonly TaskEvent[],
  { names, withResults }: TranscriptOptions,
): string[] {
  const plain = createPlainer(names);
  const lines: string[] = [];
  const put = (label: string, text: string): void => {
    lines.push(...linesOf(label, plain(text)));
  };
  let text = '';
  let said = '';
  const endText = (): void => {
    if (text !== '') put('says', text);
    said += text;
    text = '';
  };
  put('asked by', `${view.requester_id} in ${names.get(view.conversation_id) ?? view.conversation_id}`);
  put('prompt', view.prompt);
  for (const event of events) {
    if (event.type === 'token') {
      text += event.token;
      continue;
    }
    if (event.type === 'state' || event.type === 'attempt') continue;
    endText();
    if (event.type === 'plan') put('plan', planText(event));
    else if (event.type === 'tool_call') put('asks for', `${event.name} ${JSON.stringify(event.arguments)}`);
    else if (withResults) put('is given', `${event.name} ${withoutTimes(readable(String(event.content)))}`);
    else put('is given', String(event.name));
  }
  endText();
  const response = view.result_payload?.response ?? null;
  if (response !== null && response !== said) put('response', response);
  put('end', endOf(view));
  return lines;
}

/** What was replied to a message of a client, as lines that can be compared. */
export function replyTranscript(
  reply: Pick<LoggedMessage, 'sender_id' | 'payload'> | null,
  { names, withResults }: TranscriptOptions,
): string[] {
  if (!reply) return ['(no reply)'];
  const payload = withResults ? ` ${withoutTimes(JSON.stringify(reply.payload, null, 1))}` : '';
  return linesOf('reply', createPlainer(names)(`of ${reply.sender_id}${payload}`));
}

const linesOf = (label: string, text: string): string[] =>
  text.split('\n').map((line) => `${label.padEnd(9)} ${line}`);

/** Names for what is known, numbers for every other id, in the order in which they come. */
function createPlainer(names: Known): (text: string) => string {
  const others = new Map<string, string>();
  return (text) =>
    replaceIds(text, names, (uuid) => {
      const number = others.get(uuid) ?? `<id ${others.size + 1}>`;
      others.set(uuid, number);
      return number;
    });
}

const withoutTimes = (text: string): string =>
  text
    .replaceAll(TIME, '<time>')
    .replaceAll(COUNTS, '"$1": <count>')
    .replaceAll(OWNER, '"owner": <owner>')
    .replaceAll(STACK, '"stack_trace": <stack trace>');

/** JSON over several lines, so that a difference is one line; other text as it is. */
function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 1);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

const planText = ({ note, plan }: TaskEvent): string =>
  plan ? `${String(note)}\n${JSON.stringify(plan, null, 1)}` : String(note).replaceAll(AWAY, '');

function endOf({ status, error_details: error }: RecordedTaskView): string {
  return error ? `${status} (${error.code}) ${error.message.replaceAll(AWAY, '')}` : status;
}
