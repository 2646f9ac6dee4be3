import type { ConsoleSession, Scope } from '@mad-group/protocol';
import { type ReadonlySignal, signal } from '@preact/signals';
import type { Api, ApiError } from '../wire/api.ts';

/** Where this tab keeps the token. It ends with the tab, and no other page reads it. */
const KEY = 'mad-console-token';
/** Whose picture of the group this page holds. */
const CALLER_KEY = 'mad-console-caller';

type SessionState =
  | { readonly state: 'asking' }
  /** Nobody yet; `reason` where a token was shown and refused. */
  | { readonly state: 'login'; readonly reason: string | null }
  | { readonly state: 'in'; readonly session: ConsoleSession; readonly withToken: boolean }
  | { readonly state: 'unreachable'; readonly reason: string };

/** Who is at the page, and what they may do. */
export interface Session {
  readonly state: ReadonlySignal<SessionState>;
  token(): string | null;
  /** Asks Rogers who this is: without a token at first, which is enough on one's own machine. */
  check(): Promise<void>;
  logIn(token: string): Promise<void>;
  /** The token was refused while the page was open: what it shows stays, until someone else comes. */
  refused(reason: string): void;
  /** Forgets everything. */
  logOut(): void;
  /** Null where the caller has the scope, else the words for it. */
  lacks(scope: Scope): string | null;
}

/** @param startAnew loads the page again, with nothing of the one before */
export function createSession(api: Pick<Api, 'session'>, storage: Storage, startAnew: () => void): Session {
  const state = signal<SessionState>({ state: 'asking' });

  async function check(): Promise<void> {
    const withToken = storage.getItem(KEY) !== null;
    try {
      const session = await api.session();
      const before = storage.getItem(CALLER_KEY);
      if (before !== null && before !== session.caller) {
        // What the one before could see is not the next one's.
        const token = storage.getItem(KEY);
        storage.clear();
        if (token !== null) storage.setItem(KEY, token);
        startAnew();
        return;
      }
      storage.setItem(CALLER_KEY, session.caller);
      state.value = { state: 'in', session, withToken };
    } catch (error) {
      const { code, message } = error as ApiError;
      if (code !== 'unauthenticated') {
        state.value = { state: 'unreachable', reason: message };
        return;
      }
      storage.removeItem(KEY);
      state.value = { state: 'login', reason: withToken ? message : null };
    }
  }

  return {
    state,
    token: () => storage.getItem(KEY),
    check,
    async logIn(token) {
      const trimmed = token.trim();
      if (/[^\x21-\x7e]/.test(trimmed) || trimmed === '') {
        // A header takes no other characters: the browser's own words for that help nobody.
        state.value = { state: 'login', reason: 'That is no token: it has no spaces or special characters.' };
        return;
      }
      storage.setItem(KEY, trimmed);
      await check();
    },
    refused(reason) {
      storage.removeItem(KEY);
      state.value = { state: 'login', reason };
    },
    logOut() {
      storage.clear();
      startAnew();
    },
    lacks(scope) {
      if (state.value.state !== 'in') return 'Nobody is logged in.';
      const { caller, scopes } = state.value.session;
      if (scopes.includes(scope) || scopes.includes('admin')) return null;
      const has = scopes.length === 0 ? 'no scope' : `the scope ${scopes.join(', ')}`;
      return `The token of “${caller}” has ${has}; this needs “${scope}”.`;
    },
  };
}
