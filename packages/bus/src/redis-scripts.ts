import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface LuaScript {
  readonly text: string;
  /** The name under which Redis keeps it. */
  readonly sha: string;
}

export interface LogScripts {
  readonly publish: LuaScript;
  readonly head: LuaScript;
}

/**
 * The scripts as Redis gets them.
 *
 * @param failsOver whether a replica may take the primary's place: then each script looks for that
 *   first, which takes Redis some microseconds; the rule is in failover.lua
 */
export function loadLogScripts({ failsOver = false } = {}): LogScripts {
  const open = readLua('open-log.lua') + (failsOver ? readLua('failover.lua') : '');
  return { publish: script(open + readLua('publish.lua')), head: script(open + readLua('head.lua')) };
}

const readLua = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

const script = (text: string): LuaScript => ({
  text,
  sha: createHash('sha1').update(text).digest('hex'),
});
