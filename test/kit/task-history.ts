/** An event of a task, as anyone reads it. */
export interface HistoryEvent {
  readonly seq: number;
  readonly type: string;
  readonly attempt: number;
  readonly token: string;
  readonly status?: unknown;
}

/** What the task itself says at the end of that history. */
export interface Outcome {
  readonly status: string;
  readonly attempt: number;
  /** Null where it has no answer. */
  readonly response: string | null;
}

/**
 * The states of a task and what may follow each. Written down here a second time, from the design
 * and not from the program, so that a wrong move cannot vouch for itself.
 */
const MOVES: Readonly<Record<string, readonly string[]>> = {
  PENDING: ['RUNNING', 'FAILED', 'CANCELLED'],
  RUNNING: ['STREAMING', 'COMPLETED', 'FAILED', 'CANCELLED', 'PENDING'],
  STREAMING: ['RUNNING', 'FAILED', 'CANCELLED', 'PENDING'],
  COMPLETED: [],
  FAILED: [],
  CANCELLED: [],
};
const ENDS: readonly string[] = ['COMPLETED', 'FAILED', 'CANCELLED'];

/**
 * Everything that is wrong with a task's whole history; empty where it is lawful. Pure.
 *
 * - Sequence numbers are 1, 2, 3 … without gaps.
 * - It begins with PENDING in attempt 1; each state follows from the one before.
 * - The attempt rises by one with an `attempt` event, which PENDING follows at once, and at no other place.
 * - Tokens come while STREAMING, other thoughts while RUNNING or STREAMING.
 * - Exactly one end, and nothing behind it.
 * - The task says what its history says, and its answer is the text of the last attempt.
 */
export function faultsOf(events: readonly HistoryEvent[], outcome: Outcome): string[] {
  const faults: string[] = [];
  let state: string | undefined;
  let attempt = 1;
  let requeued = false;
  let text = '';
  let ends = 0;
  for (const [index, event] of events.entries()) {
    const say = (words: string): void => void faults.push(`event ${index + 1} (${event.type}): ${words}`);
    if (event.seq !== index + 1) say(`its number is ${event.seq}`);
    if (ends > 0) say('it comes after the end');
    if ((event.token !== '') !== (event.type === 'token')) say(`its token is '${event.token}'`);
    if (event.type === 'attempt') {
      if (requeued) say('it follows another attempt at once');
      if (state !== 'RUNNING' && state !== 'STREAMING') say(`nothing ran, the state was ${state}`);
      attempt += 1;
      requeued = true;
      text = '';
    }
    if (event.attempt !== attempt) say(`it is of attempt ${event.attempt}, not ${attempt}`);
    if (event.type === 'state') {
      const to = String(event.status);
      if (state === undefined ? to !== 'PENDING' : !MOVES[state]?.includes(to)) say(`from ${state} to ${to}`);
      if (state !== undefined && (to === 'PENDING') !== requeued) say(`${to} without its attempt event`);
      state = to;
      requeued = false;
      if (ENDS.includes(to)) ends += 1;
    } else if (event.type !== 'attempt') {
      if (requeued) say('it stands between an attempt event and PENDING');
      const allowed = event.type === 'token' ? ['STREAMING'] : ['RUNNING', 'STREAMING'];
      if (!allowed.includes(String(state))) say(`the state was ${state}`);
      text += event.token;
    }
  }
  if (ends !== 1) faults.push(`it has ${ends} ends`);
  if (state !== outcome.status) faults.push(`the task is ${outcome.status}, its history ends with ${state}`);
  if (attempt !== outcome.attempt) faults.push(`the task is at attempt ${outcome.attempt}, not ${attempt}`);
  if (outcome.status === 'COMPLETED' && outcome.response !== text) faults.push('the answer is another text');
  if (outcome.status !== 'COMPLETED' && outcome.response !== null)
    faults.push('it has an answer and no success');
  return faults;
}
