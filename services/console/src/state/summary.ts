import type { ConsoleMessage, TaskEvent } from '@mad-group/protocol';
import { clip, duration } from '../format.ts';
import { kindOf } from './entries.ts';

/** Longest summary, in characters: more does not fit into a row. */
const MAX_CHARS = 200;

type Payload = Readonly<Record<string, unknown>>;

/** What a message says, in one line. */
export function summaryOf(message: ConsoleMessage): string {
  const { payload, excerpt = '' } = message;
  return clip(payload === null ? excerpt : wordsOf(message, payload), MAX_CHARS);
}

function wordsOf(message: ConsoleMessage, payload: Payload): string {
  if (message.channel === 'mad.system.heartbeat' && payload.type === 'heartbeat') {
    return `${payload.health} · up ${duration(Number(payload.uptime_s) * 1000)}`;
  }
  if (kindOf(message.channel) === 'stream' && typeof payload.seq === 'number') return eventWords(payload);
  if (payload.event === 'console_action') {
    return `${payload.caller} called ${payload.tool} of ${payload.mad}: ${payload.outcome}`;
  }
  if (typeof payload.tool_name === 'string') {
    return `calls ${payload.tool_name} ${json(payload.tool_input ?? {})}`;
  }
  if (payload.notification_type === 'task_update') return `task ${payload.status}: ${payload.message}`;
  if (payload.status === 'error') return `refused, ${payload.code}: ${payload.message}`;
  if (message.headers?.in_reply_to !== undefined) return `replies ${json(payload)}`;
  return json(payload);
}

function eventWords(payload: Payload): string {
  const event = payload as unknown as TaskEvent;
  switch (event.type) {
    case 'token':
      return `“${event.token}”`;
    case 'state': {
      const error = event.error as { message?: string } | undefined;
      return `is ${event.status}${error ? `: ${error.message}` : ''}`;
    }
    case 'attempt':
      return `begins again (attempt ${event.attempt}): ${event.reason}`;
    case 'tool_call':
      return `calls ${event.name} ${json(event.arguments ?? {})}`;
    case 'tool_result':
      return `${event.name} answered ${String(event.content ?? '').slice(0, MAX_CHARS)}`;
    case 'plan': {
      const steps = (event.plan as { plan?: unknown[] } | null)?.plan?.length ?? 0;
      return steps === 0 ? String(event.note) : `plan of ${steps} ${steps === 1 ? 'step' : 'steps'}`;
    }
    default:
      return json(payload);
  }
}

const json = (value: unknown): string => JSON.stringify(value).slice(0, 2 * MAX_CHARS);
