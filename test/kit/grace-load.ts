import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface ClientPlan {
  readonly id: string;
  readonly kind: 'poll' | 'push';
  readonly topics: readonly string[];
  /** Whether it reports how old each message was when it came. */
  readonly timed: boolean;
}

export interface ClientReport {
  readonly id: string;
  readonly kind: ClientPlan['kind'];
  /** Messages since its beginning; each delivered or dropped. */
  readonly delivered: number;
  readonly dropped: number;
  /** Messages that came twice, or behind a later one of their channel. */
  readonly disorder: number;
  /** Codes with which its connections ended. */
  readonly closes: readonly number[];
  /** Ages of messages since the last report, in milliseconds. */
  readonly latenciesMs: readonly number[];
}

export type ClientOrder =
  | { readonly do: 'open'; readonly url: string; readonly plans: readonly ClientPlan[] }
  | { readonly do: 'hold' | 'release'; readonly ids: readonly string[] }
  | { readonly do: 'report' };

export interface GraceLoad {
  open(url: string, plans: readonly ClientPlan[]): Promise<void>;
  /** Those poll no more, or leave their sockets unread. */
  hold(ids: readonly string[]): Promise<void>;
  release(ids: readonly string[]): Promise<void>;
  report(): Promise<ClientReport[]>;
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('./grace-clients.ts', import.meta.url));

/** Processes that share the clients of a Grace between them. */
export function startGraceLoad(processes: number): GraceLoad {
  const children = Array.from({ length: processes }, () =>
    fork(PROGRAM, { env: { PATH: process.env.PATH }, serialization: 'advanced' }),
  );
  const tellAll = (orderOf: (index: number) => ClientOrder): Promise<unknown[]> =>
    Promise.all(children.map((child, index) => ask(child, orderOf(index))));
  return {
    async open(url, plans) {
      await tellAll((index) => ({
        do: 'open',
        url,
        plans: plans.filter((_, n) => Math.floor(n / 2) % processes === index),
      }));
    },
    hold: async (ids) => void (await tellAll(() => ({ do: 'hold', ids }))),
    release: async (ids) => void (await tellAll(() => ({ do: 'release', ids }))),
    report: async () => (await tellAll(() => ({ do: 'report' }))).flat() as ClientReport[],
    async stop() {
      await Promise.all(
        children.map(async (child) => {
          if (child.exitCode !== null || child.signalCode !== null) return;
          child.kill('SIGKILL');
          await once(child, 'exit');
        }),
      );
    },
  };
}

async function ask(child: ChildProcess, order: ClientOrder): Promise<unknown> {
  const ended = new AbortController();
  const { signal } = ended;
  const failed = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`The clients' process ended with ${code}`);
  });
  child.send(order);
  try {
    const [answer] = (await Promise.race([once(child, 'message', { signal }), failed])) as unknown[];
    return answer;
  } finally {
    failed.catch(() => undefined);
    ended.abort();
  }
}
