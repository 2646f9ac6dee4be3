import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** What a process did to its files and told others, in its own order. */
export type DiskStep =
  | { readonly kind: 'write'; readonly path: string; readonly offset: number; readonly data: Buffer }
  | { readonly kind: 'truncate'; readonly path: string; readonly length: number }
  | { readonly kind: 'unlink'; readonly path: string }
  /** `fsync` or `fdatasync`, of a file or a directory. */
  | { readonly kind: 'sync'; readonly path: string }
  /** Bytes that left over a socket. */
  | { readonly kind: 'send'; readonly data: Buffer };

/**
 * The command that records what the main thread of a process does, in `{prefix}.{pid}`. With `-D`
 * the process itself is our child, and a signal to it reaches it.
 */
export const recordSteps = (prefix: string): string[] => [
  ...['strace', '-D', '-ff', '--seccomp-bpf', '-qq', '-y', '-xx', '-s', '4194304', '-o', prefix],
  ...['-e', 'trace=pwrite64,fsync,fdatasync,ftruncate,unlink,write,writev,sendto,sendmsg'],
];

/** The steps of a process's main thread, where both SQLite and the sockets are at work. */
export async function* readSteps(prefix: string, pid: number): AsyncGenerator<DiskStep> {
  const lines = createInterface({ input: createReadStream(`${prefix}.${pid}`, 'latin1') });
  for await (const line of lines) {
    const step = parseStep(line);
    if (step) yield step;
  }
}

/** Whether the recorder has written the end of that thread. */
export async function recordingEnded(prefix: string, pid: number): Promise<boolean> {
  const file = await open(`${prefix}.${pid}`);
  try {
    const { size } = await file.stat();
    const length = Math.min(size, 80);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString().includes('+++ killed by');
  } finally {
    await file.close();
  }
}

const CALL = /^(\w+)\((?:(\d+)<((?:\\x[0-9a-f]{2}|[^>])*)>)?(.*)\)\s+= (\d+)$/;
const STRING = /"((?:\\x[0-9a-f]{2})*)"/g;

/** One line of `strace -y -xx`; undefined where it is none of these, or failed. */
export function parseStep(line: string): DiskStep | undefined {
  const found = CALL.exec(line);
  if (!found) return undefined;
  const [, call, , target = '', rest = '', result] = found;
  const path = unhex(target).toString();
  const strings = [...rest.matchAll(STRING)].map(([, text = '']) => unhex(text));
  const numbers = rest.replace(STRING, '').match(/\d+/g)?.map(Number) ?? [];
  const written = Number(result);
  switch (call) {
    case 'pwrite64':
      return {
        kind: 'write',
        path,
        offset: numbers.at(-1) as number,
        data: (strings[0] as Buffer).subarray(0, written),
      };
    case 'ftruncate':
      return { kind: 'truncate', path, length: numbers.at(-1) as number };
    case 'unlink':
      return { kind: 'unlink', path: String(strings[0]) };
    case 'fsync':
    case 'fdatasync':
      return { kind: 'sync', path };
    default:
      return path.startsWith('socket:') || path.startsWith('TCP')
        ? { kind: 'send', data: Buffer.concat(strings).subarray(0, written) }
        : undefined;
  }
}

const unhex = (text: string): Buffer => Buffer.from(text.replaceAll('\\x', ''), 'hex');
