import type { TaskStatus } from '@mad-group/protocol';
import { callsAsWords } from './call-syntax.ts';
import { parseTaskIdPieces, parseTaskIds } from './names.ts';
import { NUMBER, toNumber } from './numbers.ts';
import { isAboutGroup } from './redirect-rule.ts';

const STATUS_WORDS: readonly [RegExp, readonly TaskStatus[]][] = [
  [/\bfail\w*|\berrors?\b|\bwent wrong\b|\bgo(?:ne|es|ing)? wrong\b|\bbroken?\b/i, ['FAILED']],
  [/\bcancel\w*|\baborted\b/i, ['CANCELLED']],
  [/\bpending\b|\bqueued?\b|\bwaiting\b/i, ['PENDING']],
  [/\bstreaming\b/i, ['STREAMING']],
  [/\bunfinished\b|\bopen tasks\b/i, ['PENDING', 'RUNNING', 'STREAMING']],
  [
    /\brunning\b|\bin progress\b|\bactive\b|\bcurrent(?:ly)?\b|\bright now\b|\bworking on\b/i,
    ['RUNNING', 'STREAMING'],
  ],
  [/\bcompleted?\b|\bfinished\b|\bsucce\w+|\bdone\b/i, ['COMPLETED']],
];

/** Statuses that a prompt names; none means any. */
export const parseStatuses = (prompt: string): TaskStatus[] => [
  ...new Set(STATUS_WORDS.filter(([words]) => words.test(prompt)).flatMap(([, statuses]) => statuses)),
];

const ADJECTIVE =
  '(?:(?:most|recent|latest|last|newest|my|the|failed|running|completed|cancell?ed|pending|queued|finished)\\s+)*';
const LIMIT = new RegExp(
  `\\b(?:last|latest|recent|newest|first|top)\\s+(${NUMBER})\\b(?!\\s*(?:minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?)\\b)|\\b(${NUMBER})\\s+${ADJECTIVE}(?:tasks|prompts|jobs)\\b`,
  'i',
);
const DEFAULT_LIMIT = 10;
const MOST = 50;

/** How many tasks a prompt asks for; `otherwise` where it does not say, 50 for all. */
export function parseLimit(prompt: string, otherwise = DEFAULT_LIMIT): number {
  const match = LIMIT.exec(prompt);
  const asked = match?.[1] ?? match?.[2];
  if (asked !== undefined) return Math.min(1000, Math.max(1, Math.floor(toNumber(asked))));
  return /\b(?:all|every|each)\b/i.test(prompt) ? Math.max(MOST, otherwise) : otherwise;
}

/** Whether one task is meant, the newest that fits: `the last task`, `how long did it take`. */
export const asksForLatest = (prompt: string): boolean =>
  /\b(?:last|latest|newest|previous|most recent)\s+(?:failed\s+|completed\s+|cancell?ed\s+|finished\s+|running\s+|one\b|of my\s+)?(?:task|prompt|job|one)\b(?!s)/i.test(
    prompt,
  ) || /\bhow long did (?:it|that|this) take\b/i.test(prompt);

const TASKS = /\btasks?\b|\bjobs?\b|\bprompts\b|\brequests\b/i;
const QUEUE = /\bqueue\b/i;
const LISTING =
  /\b(?:list|show|give|see|recent|latest|last|newest|what|which|any|all|status|activity|history|display|overview)\b/i;
const STATE_OF_WORK =
  /\b(?:what|anything|something|is there)\b.*\b(?:running|fail\w*|in progress|queued|pending|waiting|going on)\b/i;
const COUNT = /\bhow many\b|\bnumber of\b|\bcount\b/i;
const DURATION =
  /\bhow long\b|\bdurations?\b|\bhow (?:fast|slow|quick\w*)\b|\btook\b|\baverage\b|\b(?:long|slow|short|fast|quick)est\b/i;

export const asksForCount = (prompt: string): boolean =>
  COUNT.test(prompt) && (TASKS.test(prompt) || QUEUE.test(prompt));

export const asksForDuration = (prompt: string): boolean => DURATION.test(prompt) && TASKS.test(prompt);

export function asksForList(prompt: string): boolean {
  if (TASKS.test(prompt) && (LISTING.test(prompt) || parseStatuses(prompt).length > 0)) return true;
  const aboutWork = STATE_OF_WORK.test(prompt) || QUEUE.test(prompt) || /\brecent activity\b/i.test(prompt);
  return aboutWork && !isAboutGroup(prompt);
}

/** Characters of a stored prompt that are looked at. */
const MAX_LOOK = 500;

/** Whether a prompt is one that the rules about tasks answer. */
export function asksAboutTasks(whole: string): boolean {
  const prompt = callsAsWords(whole.slice(0, MAX_LOOK));
  return (
    parseTaskIds(prompt).length > 0 ||
    parseTaskIdPieces(prompt).length > 0 ||
    [asksForLatest, asksForCount, asksForDuration, asksForList].some((asks) => asks(prompt))
  );
}
