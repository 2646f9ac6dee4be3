import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** What a process of a benchmark can be asked for: by name, with plain data in and out. */
export type Duties = Record<string, (argument: never) => unknown>;

interface Request {
  readonly id: number;
  readonly duty: string;
  readonly argument: unknown;
}
type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly error: string });

/** A process that serves one side of a benchmark. */
export interface Worker {
  readonly pid: number;
  ask<Answer>(duty: string, argument?: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

/** Starts `bench/workers/{name}.ts` as a process. */
export function startWorker(name: string): Worker {
  const child: ChildProcess = fork(new URL(`../workers/${name}.ts`, import.meta.url), {
    serialization: 'advanced',
    execArgv: process.env.BENCH_PROF === name ? ['--cpu-prof', '--cpu-prof-dir=/tmp/bench-prof'] : [],
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const exited = once(child, 'exit').then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`the worker ${name} ended`));
    waiting.clear();
  });
  let last = 0;
  child.on('message', (reply: Reply) => {
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('error' in reply) call?.reject(new Error(`the worker ${name}: ${reply.error}`));
    else call?.resolve(reply.value);
  });
  return {
    pid: child.pid ?? 0,
    ask<Answer>(duty: string, argument?: unknown) {
      const call = Promise.withResolvers<unknown>();
      last += 1;
      waiting.set(last, call);
      child.send({ id: last, duty, argument } satisfies Request);
      return call.promise as Promise<Answer>;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** For the process itself: serves these duties until the benchmark lets go of it. */
export function serveDuties(duties: Duties): void {
  process.on('message', async ({ id, duty, argument }: Request) => {
    try {
      const value = await duties[duty]?.(argument as never);
      process.send?.({ id, value } satisfies Reply);
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? (error.stack ?? '') : String(error) });
    }
  });
  process.once('disconnect', () => process.exit());
}
