import { z } from 'zod';
import type { Caller, Scope } from '../caller.ts';
import type { Envelope } from '../envelope.ts';
import type { Position } from '../position.ts';
import { jsonObject, text } from '../tool-input.ts';
import type { Connection } from './rogers.ts';

/** Largest payload that goes to the console whole, in characters of JSON; of a larger one the beginning. */
export const CONSOLE_PAYLOAD_CHARS = 16_384;

/** With this begins the correlation id of what Rogers asks others only so that a console can show it. */
export const CONSOLE_READ_PREFIX = 'console-read-';

/** A message as the console reads it. */
export interface ConsoleMessage extends Omit<Envelope, 'payload' | 'position'> {
  readonly position: Position;
  /** Null where it is larger than {@link CONSOLE_PAYLOAD_CHARS}. */
  readonly payload: Record<string, unknown> | null;
  /** The beginning of the payload's JSON, where `payload` is null. */
  readonly excerpt?: string;
  /** Published without the log, by a first-generation client. */
  readonly foreign?: true;
}

/** How the group is, as Rogers knows it. */
export interface ConsoleGroup {
  readonly bus: { readonly kind: string; readonly connected: boolean; readonly reason?: string };
  readonly connections: readonly Connection[];
}

/**
 * One line of what the console reads of the bus: JSON, in the order of the log.
 * - `withheld`: a message of another caller; no more of it than `rogers_get_stats` tells.
 * - `position`: everything up to here was told; `caught_up` where nothing was behind it.
 * - `progress`: a search has come so far.
 * - `error`: the last line; what ended it.
 */
export type ConsoleFrame =
  | { readonly type: 'message'; readonly message: ConsoleMessage }
  | {
      readonly type: 'withheld';
      readonly position: Position;
      readonly sender_id: string;
      readonly topic_pattern: string;
    }
  | {
      readonly type: 'gap';
      readonly reason: 'trimmed' | 'epoch';
      readonly from: Position;
      readonly to: Position;
    }
  | { readonly type: 'position'; readonly position: Position; readonly caught_up: boolean }
  | ({ readonly type: 'group' } & ConsoleGroup)
  | { readonly type: 'end'; readonly searched_from: string | null }
  | { readonly type: 'error'; readonly code: string; readonly message: string };

/** Who looks, and what they may do. */
export interface ConsoleSession {
  readonly caller: Caller['name'];
  readonly scopes: readonly Scope[];
  readonly version: string;
  /** Rogers' clock, as ISO 8601. */
  readonly now: string;
}

/** A tool call from the console. */
export const ConsoleCallSchema = z.object({
  mad: text(256).describe('whose tool it is'),
  tool_name: text(128),
  tool_input: jsonObject().default({}),
});
export type ConsoleCall = z.output<typeof ConsoleCallSchema>;
