import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Redis } from 'ioredis';

const MIB = 1024 * 1024;

/** What is looked at in each sample. */
export interface Watched {
  /** Processes by name. */
  readonly pids: Readonly<Record<string, number>>;
  /** Databases by name. */
  readonly databases: Readonly<Record<string, string>>;
  readonly redis: Redis;
}

/** Memory in MiB, open files, sizes in MiB; the names are those of the limits. */
export async function look({ pids, databases, redis }: Watched): Promise<Record<string, number>> {
  const values: Record<string, number> = {};
  for (const [name, pid] of Object.entries(pids)) {
    values[`${name} RSS, MiB`] = rssMib(pid);
    values[`${name} handles`] = readdirSync(`/proc/${pid}/fd`).length;
  }
  for (const [name, path] of Object.entries(databases)) {
    values[`${name} WAL, MiB`] = (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) / MIB;
  }
  const info = await redis.info('memory');
  values['redis memory, MiB'] = Number(/^used_memory:(\d+)/m.exec(info)?.[1]) / MIB;
  return values;
}

function rssMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}
