import type { TaskStatus } from '@mad-group/protocol';
import { NUMBER, toNumber } from './numbers.ts';

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

/** How many tasks a prompt asks for; 10 where it does not say, 50 for all. */
export function parseLimit(prompt: string): number {
  const match = LIMIT.exec(prompt);
  const asked = match?.[1] ?? match?.[2];
  if (asked !== undefined) return Math.min(1000, Math.max(1, Math.floor(toNumber(asked))));
  return /\b(?:all|every|each)\b/i.test(prompt) ? MOST : DEFAULT_LIMIT;
}

/** Whether one task is meant, the newest that fits: `the last task`, `how long did it take`. */
export const asksForLatest = (prompt: string): boolean =>
  /\b(?:last|latest|newest|previous|most recent)\s+(?:failed\s+|completed\s+|cancell?ed\s+|finished\s+|running\s+|one\b|of my\s+)?(?:task|prompt|job|one)\b(?!s)/i.test(
    prompt,
  ) || /\bhow long did (?:it|that|this) take\b/i.test(prompt);
