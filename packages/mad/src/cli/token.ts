import { join } from 'node:path';
import { serviceTokenFor } from '../callers/service-token.ts';
import type { CliIo } from './io.ts';

/** What a caller that nobody is known by can do. */
export const TOKEN_HINT = 'Give your token in MAD_TOKEN, in ~/.config/mad/token or with --token.';

/**
 * The bearer token to show: `--token`, else `MAD_TOKEN`, else `~/.config/mad/token`, else the
 * service token of the group whose secret is in the environment (inside its containers). Null with
 * none of them: on loopback with nothing configured nobody is asked.
 */
export function findToken(option: string | undefined, io: Pick<CliIo, 'env' | 'readFile'>): string | null {
  const { env, readFile } = io;
  const given = option?.trim() || env.MAD_TOKEN?.trim();
  if (given) return given;
  const stored = env.HOME ? readFile(join(env.HOME, '.config', 'mad', 'token'))?.trim() : undefined;
  if (stored) return stored;
  // The same line end is cut off as in the configuration of a MAD, or the tokens would differ.
  const secret =
    env.REDIS_PASSWORD ||
    (env.REDIS_PASSWORD_FILE ? readFile(env.REDIS_PASSWORD_FILE)?.replace(/\r?\n$/, '') : undefined);
  return secret ? serviceTokenFor(secret) : null;
}
