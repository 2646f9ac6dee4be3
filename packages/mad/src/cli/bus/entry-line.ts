import { positionTimeMs } from '@mad-group/protocol';
import { type CliIo, forTerminal, stdoutColors } from '../io.ts';
import { describeMessage } from './describe-message.ts';
import type { Gap, LoggedMessage } from './grace-log.ts';

const UUID = /\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
/** Kinds are written below one another. */
const KIND_WIDTH = 11;
/** Least room for the text, in characters, however narrow the terminal. */
const MIN_TEXT = 20;

/** A message in one line for a terminal: time (UTC), sender → channel, kind, and the beginning of its text. */
export function messageLine(message: LoggedMessage, io: CliIo): string {
  const colors = stdoutColors(io);
  const time = new Date(positionTimeMs(message.position)).toISOString().slice(11, 23);
  const sender = oneLine(message.sender_id);
  const channel = oneLine(message.channel).replaceAll(UUID, '$1…');
  const { kind, text, mood } = describeMessage(message);
  const head = `${time} ${sender} → ${channel} ${kind.padEnd(KIND_WIDTH)} `;
  const shown = clip(oneLine(text), Math.max(MIN_TEXT, io.columns - head.length));
  const paint = mood === 'good' ? colors.green : mood === 'bad' ? colors.red : (words: string) => words;
  const parts = [colors.dim(time), colors.bold(sender), colors.dim('→'), colors.cyan(channel)];
  return `${parts.join(' ')} ${colors.dim(oneLine(kind).padEnd(KIND_WIDTH))} ${paint(shown)}\n`;
}

export const gapLine = (gap: Gap, io: CliIo): string => `${stdoutColors(io).yellow(gapWords(gap))}\n`;

/** What is gone, for a person. */
export function gapWords({ reason, from, to }: Gap): string {
  const at = (position: Gap['from']): string =>
    position === null ? 'the time asked for' : `${timeOf(position)} (${position})`;
  if (reason === 'epoch') {
    return `[gap: the log began anew; what came between ${at(from)} and ${at(to)} may be lost]`;
  }
  return `[gap: the log keeps no longer what came between ${at(from)} and ${at(to)}]`;
}

const timeOf = (position: NonNullable<Gap['from']>): string => {
  const timeMs = positionTimeMs(position);
  return timeMs === 0 ? 'its beginning' : new Date(timeMs).toISOString();
};

const oneLine = (text: string): string => forTerminal(text.replaceAll(/\s+/g, ' '));

/** Whole characters, not halves of them. */
function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = /[\uD800-\uDBFF]/.test(text.charAt(max - 2)) ? max - 2 : max - 1;
  return `${text.slice(0, end)}…`;
}
