import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { LOCAL_CALLER, type Logger, MadError } from '@mad-group/protocol';
import { ConfigError } from '../config.ts';
import type { Callers } from './callers.ts';
import { type KnownTokens, knownTokens } from './known-tokens.ts';
import { GROUP_CALLER, serviceTokenFor } from './service-token.ts';
import { parseTokenLines, withTokensFromFiles } from './token-lines.ts';
import { watchText } from './watched-file.ts';

export interface CallersOptions {
  /** Address that the MAD listens on. */
  readonly host: string;
  /** Lines of `name token scope,scope`; `file:PATH` in the place of a token is what that file holds. */
  readonly tokens?: string | undefined;
  /** File of such lines; read again whenever it, or a file that it names, changes, and instead of `tokens`. */
  readonly tokensFile?: string | undefined;
  /** Secret that the members of the group share: the password of Redis. */
  readonly groupSecret?: string | undefined;
  readonly auth: 'on' | 'off';
  readonly log: Logger;
  /** How often to look at `tokensFile`, in milliseconds. Default 1,000. */
  readonly watchIntervalMs?: number;
}

const BEARER = /^Bearer +(\S+) *$/i;

/** Whether only this machine can reach what listens on the address. */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  return host === 'localhost' || host === '::1' || host === '[::1]';
}

/**
 * Decides who asks, for every surface, by these rules:
 * - `AUTH=off`: everyone is `local`.
 * - With tokens configured, whoever asks shows one of them or the group's service token.
 * - On loopback without tokens, everyone is `local`; who shows the service token is the group.
 * - Beyond loopback without tokens, only the group's service token opens.
 *
 * @throws ConfigError for bad lines, and beyond loopback with neither tokens nor a secret
 */
export function createCallers(options: CallersOptions): Callers {
  const { log, groupSecret, tokensFile } = options;
  const serviceToken = groupSecret ? serviceTokenFor(groupSecret) : null;
  const local = {
    authenticate: () => LOCAL_CALLER,
    serviceToken,
    asksForTokens: false,
    stop: () => undefined,
  };
  if (options.auth === 'off') {
    log.warn({ host: options.host }, 'AUTH=off: anyone who reaches this address has every scope');
    return local;
  }

  const load = (text: string): KnownTokens =>
    knownTokens([
      ...parseTokenLines(text).map(({ token, name, scopes }) => ({ token, caller: { name, scopes } })),
      ...(serviceToken === null ? [] : [{ token: serviceToken, caller: GROUP_CALLER }]),
    ]);
  const missing = new Set<string>();
  const onMissing = (name: string, reason: string): void => {
    // Read every second; told once.
    if (missing.has(name)) return;
    missing.add(name);
    log.warn({ name, reason }, 'A caller has no token and is not known: its file cannot be read');
  };
  const read = (): string =>
    withTokensFromFiles(
      tokensFile === undefined ? (options.tokens ?? '') : readFileSync(tokensFile, 'utf8'),
      onMissing,
    );
  const text = readAtStart(read, tokensFile === undefined ? 'MAD_TOKENS' : 'MAD_TOKENS_FILE');
  let known = loadAtStart(load, text);
  // An empty file is still a file of callers: nobody is let in by emptying it.
  const configured = tokensFile !== undefined || hasTokens(text);
  const open = !configured && isLoopback(options.host);
  if (!configured && !open && serviceToken === null) {
    throw new ConfigError([
      `HOST is ${options.host}, which others can reach, and nobody is known here. Set MAD_TOKENS (lines of 'name token scope,scope') or REDIS_PASSWORD (members of the group only), or say AUTH=off to let anyone in.`,
    ]);
  }

  const watched =
    tokensFile === undefined
      ? null
      : watchText(
          read,
          text,
          (changed) => {
            try {
              known = load(changed);
              log.info({ callers: known.size }, 'Callers read again');
            } catch (error) {
              log.error(
                { reason: (error as Error).message },
                'The new file of callers is not right; the callers stay as they were',
              );
            }
          },
          (error) =>
            log.error(
              { reason: error.message },
              'The file of callers cannot be read; the callers stay as they were',
            ),
          options.watchIntervalMs ?? 1000,
        );

  return {
    serviceToken,
    asksForTokens: !open,
    stop: () => watched?.stop(),
    authenticate(authorization) {
      const token = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
      const caller = token === undefined ? null : known.find(token);
      if (caller !== null) return caller;
      if (open) return LOCAL_CALLER;
      throw new MadError(
        'unauthenticated',
        token === undefined
          ? 'Authentication is required: send `Authorization: Bearer TOKEN`.'
          : 'Nobody is known by this token.',
      );
    },
  };
}

const hasTokens = (text: string): boolean => text.split('\n').some((line) => /^\s*[^#\s]/.test(line));

function readAtStart(read: () => string, key: string): string {
  try {
    return read();
  } catch (error) {
    throw new ConfigError([`${key} cannot be read: ${(error as Error).message}`]);
  }
}

function loadAtStart(load: (text: string) => KnownTokens, text: string): KnownTokens {
  try {
    return load(text);
  } catch (error) {
    throw new ConfigError([(error as Error).message]);
  }
}
