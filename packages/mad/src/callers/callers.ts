import type { Caller } from '@mad-group/protocol';

/** Decides who asks, for every surface. */
export interface Callers {
  /**
   * The caller that an `Authorization` header stands for.
   *
   * @throws MadError `unauthenticated` without a token or with one that nobody is known by
   */
  authenticate(authorization: string | undefined): Caller;
  /** The token by which the members of this group know each other; null where none is needed. */
  readonly serviceToken: string | null;
  /** Whether a caller without a token is refused. */
  readonly asksForTokens: boolean;
  stop(): void;
}
