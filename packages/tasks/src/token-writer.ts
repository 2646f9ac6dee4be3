import type { Logger } from '@mad-group/protocol';
import type { NewEvent } from './event-log.ts';
import type { EventGroup, TaskStore } from './task-store.ts';

/** How long tokens wait for others, so that they share a commit. */
const GROUP_MS = { least: 5, most: 150 };
/**
 * Each event of the group before makes the next one wait so much longer, in milliseconds: storing
 * and publishing an event costs more than a token, and where many tasks stream they take fewer, of
 * several tokens each.
 */
const EVENT_MS = 0.2;
/** Pause after a commit that failed, as on a full disk. */
const RETRY_MS = 250;
/** Longest text of one event, in characters. An envelope of the bus is bounded too. */
const MAX_TOKEN_CHARS = 16_384;
/** Texts that wait past this are committed at once. */
const MAX_WAITING_CHARS = 1_000_000;

export interface TokenWriter {
  /** Puts an event behind the task's others. Tokens that meet here become one event. */
  add(task: number, attempt: number, event: NewEvent): void;
  /** The task's waiting events, which stay. */
  peek(task: number): readonly NewEvent[];
  /** The task's waiting events, which the caller now stores itself. */
  take(task: number): NewEvent[];
  /** Commits what waits, and stops the timer. */
  stop(): void;
}

/** Gathers the events of all running tasks for a few milliseconds, and commits them together. */
export function createTokenWriter(store: Pick<TaskStore, 'appendEvents'>, log: Logger): TokenWriter {
  let waiting = new Map<number, { attempt: number; events: NewEvent[] }>();
  let chars = 0;
  let timer: NodeJS.Timeout | undefined;
  let failing = false;
  let groupMs: number = GROUP_MS.least;

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.size === 0) return;
    const groups: EventGroup[] = [...waiting].map(([task, group]) => ({ task, ...group }));
    try {
      store.appendEvents(groups);
    } catch (error) {
      // The text stays in memory: a disk that is full now may have room later.
      if (!failing) log.error({ err: error, tasks: groups.length }, 'Events cannot be stored, trying again');
      failing = true;
      timer = setTimeout(flush, RETRY_MS);
      return;
    }
    failing = false;
    const events = groups.reduce((sum, group) => sum + group.events.length, 0);
    groupMs = Math.min(Math.max(GROUP_MS.least, events * EVENT_MS), GROUP_MS.most);
    waiting = new Map();
    chars = 0;
  }

  return {
    add(task, attempt, event) {
      const group = waiting.get(task) ?? { attempt, events: [] };
      waiting.set(task, group);
      const last = group.events.at(-1);
      const joins =
        event.type === 'token' &&
        last?.type === 'token' &&
        last.token.length + event.token.length <= MAX_TOKEN_CHARS;
      if (joins) group.events.splice(-1, 1, { ...last, token: last.token + event.token });
      else group.events.push(...splitToken(event));
      chars += event.token.length;
      if (chars > MAX_WAITING_CHARS && !failing) flush();
      else timer ??= setTimeout(flush, groupMs);
    },
    peek: (task) => waiting.get(task)?.events ?? [],
    take(task) {
      const group = waiting.get(task);
      waiting.delete(task);
      for (const { token } of group?.events ?? []) chars -= token.length;
      return group?.events ?? [];
    },
    stop() {
      flush();
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

/** An event whose text is too long for one, as several. No character is cut in two. */
export function splitToken(event: NewEvent): NewEvent[] {
  if (event.token.length <= MAX_TOKEN_CHARS) return [event];
  const pieces: NewEvent[] = [];
  let from = 0;
  while (from < event.token.length) {
    let to = Math.min(from + MAX_TOKEN_CHARS, event.token.length);
    if (to < event.token.length && endsInHalf(event.token.slice(from, to))) to -= 1;
    pieces.push({ ...event, token: event.token.slice(from, to) });
    from = to;
  }
  return pieces;
}

/** Whether the text ends in the first half of a character of two UTF-16 units. */
export function endsInHalf(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last <= 0xdbff;
}
