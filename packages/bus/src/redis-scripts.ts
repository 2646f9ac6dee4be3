import { readFileSync } from 'node:fs';

export interface LogScripts {
  readonly publish: string;
  readonly head: string;
}

/** The scripts as Redis gets them. */
export function loadLogScripts(): LogScripts {
  const open = readLua('open-log.lua');
  return { publish: open + readLua('publish.lua'), head: open + readLua('head.lua') };
}

const readLua = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');
