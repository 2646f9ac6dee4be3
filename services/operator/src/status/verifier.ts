import { isDeepStrictEqual } from 'node:util';
import type { MadGroup } from '@mad-group/protocol';
import { groupKey } from '../cluster/cluster.ts';
import { createQueue } from '../queue.ts';
import type { Verification } from './verification.ts';

export interface VerifierOptions {
  /** Asks the MADs of a group; the signal ends it. */
  readonly verify: (group: MadGroup, token: string, signal: AbortSignal) => Promise<Verification>;
  /** Every MAD of the group has answered just now. */
  readonly onAnswered: (group: MadGroup) => void;
  /** What is known of a group has changed. */
  readonly onChange: (key: string) => void;
  readonly onError: (key: string, error: unknown, againInMs: number) => void;
}

/** Asks groups whether they work, beside the passes: one that does not answer holds up nobody. */
export interface Verifier {
  /** What the group said last; null where it has not answered since it was changed. From now on it is asked. */
  latest(group: MadGroup, token: string): Verification | null;
  /** What was said says nothing of what runs now; nobody is asked until `latest` is. */
  forget(key: string): void;
  /** Resolves when nobody is being asked. */
  stop(): Promise<void>;
}

/** How often a group that answers is asked, and one that does not: first soon, then more and more rarely. In milliseconds. */
const EVERY_MS = 60_000;
const AGAIN_MS = 1_000;
/** Groups that are asked at once. They wait for answers and compute next to nothing. */
const ASKED_AT_ONCE = 32;

interface Known {
  readonly group: MadGroup;
  readonly token: string;
  readonly asking: AbortController;
  failures: number;
  result: Verification | null;
}

export function createVerifier({ verify, onAnswered, onChange, onError }: VerifierOptions): Verifier {
  const known = new Map<string, Known>();
  /** Groups of which this process knows more than their status says. */
  const met = new Set<string>();
  const queue = createQueue({ work: ask, onError, workers: ASKED_AT_ONCE });

  async function ask(key: string): Promise<number | null> {
    const asked = known.get(key);
    if (asked === undefined) return null;
    const result = await verify(asked.group, asked.token, asked.asking.signal);
    // It was changed while it was asked: whoever answered may be gone.
    if (known.get(key) !== asked) return null;
    const isFine = result.problems.length === 0;
    // Services lead to a pod a moment after it is ready: the first time that nobody answers says nothing.
    const isTold = isFine || asked.failures > 0 || asked.result !== null;
    if (isTold && !isDeepStrictEqual(asked.result, result)) {
      asked.result = result;
      onChange(key);
    }
    if (!isFine) {
      asked.failures += 1;
      return Math.min(EVERY_MS, AGAIN_MS * 2 ** (asked.failures - 1));
    }
    asked.failures = 0;
    onAnswered(asked.group);
    return EVERY_MS;
  }

  function forget(key: string): void {
    met.add(key);
    known.get(key)?.asking.abort();
    known.delete(key);
  }

  return {
    forget,
    latest(group, token) {
      const key = groupKey(group);
      const before = known.get(key);
      const isSame =
        before !== undefined &&
        before.token === token &&
        before.group.metadata.uid === group.metadata.uid &&
        before.group.metadata.generation === group.metadata.generation;
      if (isSame) return before.result;
      const result = met.has(key) ? null : toldOf(group);
      forget(key);
      known.set(key, { group, token, asking: new AbortController(), failures: 0, result });
      queue.add(key);
      return result;
    },
    async stop() {
      for (const key of [...known.keys()]) forget(key);
      await queue.stop();
    },
  };
}

/** What an operator before this one was told: until the group has answered again, it stands. */
function toldOf({ metadata, spec, status }: MadGroup): Verification | null {
  const told = status?.conditions?.find(({ type }) => type === 'Verified');
  if (told?.observedGeneration !== metadata.generation) return null;
  if (told.reason !== 'Answered' && told.reason !== 'NotAnswered') return null;
  const versions = (status?.mads ?? []).flatMap(({ name, version }) =>
    version === undefined ? [] : [[name, version] as const],
  );
  return {
    problems: told.reason === 'Answered' ? [] : [told.message],
    versions: Object.fromEntries(versions),
    isHeard: spec.mads.some(({ name }) => name === 'grace'),
  };
}
