import { MadError } from '@mad-group/protocol';
import { connectTools, type ToolClient } from '../client/tool-client.ts';
import type { MadTarget } from './mads.ts';

/** Longest wait for a connection, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;

export interface ConnectOptions {
  readonly token: string | null;
  /** What the user gave, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

export const connectTimeoutMs = ({ timeoutMs }: Pick<ConnectOptions, 'timeoutMs'>): number =>
  Math.min(timeoutMs ?? CONNECT_TIMEOUT_MS, CONNECT_TIMEOUT_MS);

/**
 * A connection to a MAD.
 *
 * @throws MadError that names the key of the environment, where nothing is at the usual address, and
 *   the MAD, where it refuses the caller
 */
export async function connectTarget(
  target: MadTarget,
  options: ConnectOptions,
  signal?: AbortSignal,
): Promise<ToolClient> {
  try {
    return await connectTools(target.url, {
      token: options.token,
      connectTimeoutMs: connectTimeoutMs(options),
      signal,
    });
  } catch (error) {
    if (!(error instanceof MadError)) throw error;
    const words = wordsOf(error, target);
    throw words === null ? error : new MadError(error.code, words, { cause: error });
  }
}

/** The words of a failure, with which MAD it is and what helps; null where they are enough. */
function wordsOf({ code, message }: MadError, { name, url, urlKey }: MadTarget): string | null {
  if (code === 'unreachable' && urlKey !== null) {
    return `${message} If ${name} is elsewhere, set ${urlKey} or --url.`;
  }
  if (code !== 'unauthenticated' && code !== 'forbidden') return null;
  return `${name === url ? url : `${name} at ${url}`} refuses: ${message}`;
}
