import type { CliIo } from '../cli/io.ts';
import type { ReconnectingClient } from '../cli/reconnecting.ts';

/** What a command of the administration works with: where it prints, and whose calls it makes. */
export interface AdminSession {
  readonly io: CliIo;
  /** The MAD's tools, called for the person who is logged in. */
  readonly tools: Pick<ReconnectingClient, 'callOrThrow'>;
}

/** A command of the administration. It knows nothing of the way that its line came. */
export interface AdminCommand {
  readonly name: string;
  /** How it is typed: `fiedler-tasks [N]`. */
  readonly usage: string;
  /** One line of the help. */
  readonly summary: string;
  /**
   * Prints and gives the exit code, as commands of a shell do.
   *
   * @throws UsageError, MadError for what ends it early: their words are shown
   */
  run(args: readonly string[], session: AdminSession): Promise<number>;
  /** Words that may stand behind these. */
  complete?(args: readonly string[], session: AdminSession): Promise<readonly string[]>;
}
