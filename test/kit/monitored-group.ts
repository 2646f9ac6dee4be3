import { startRedis, type TestRedis } from '@mad-group/bus/testing';
import type { ToolClient } from '@mad-group/mad';
import { MAD_NAMES, type MadName } from './group.ts';
import { createMadPlace, type MadPlace } from './mad-place.ts';
import type { Running } from './process.ts';

/** A group as it runs on a cluster: each MAD a process, with a Redis between them. */
export interface MonitoredGroup {
  readonly redis: TestRedis;
  place(mad: MadName): MadPlace;
  /** A client of its tools, open until the group ends. */
  connect(mad: MadName): Promise<ToolClient>;
  /** Ends one MAD. */
  kill(mad: MadName, signal?: NodeJS.Signals): Promise<void>;
  /** Halts one, or lets it go on. */
  signal(mad: MadName, signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Starts one that was killed, where it was. */
  restart(mad: MadName): Promise<void>;
  /** Where each MAD's metrics are, by its name, as Prometheus writes a target. */
  readonly targets: Readonly<Record<MadName, string>>;
  stop(): Promise<void>;
}

/** @param env what the MADs have in their environment, and one alone beside that */
export async function startMonitoredGroup(
  env: Readonly<Record<string, string>>,
  own: Partial<Record<MadName, Readonly<Record<string, string>>>> = {},
): Promise<MonitoredGroup> {
  const redis = await startRedis();
  const places = new Map<MadName, MadPlace>();
  const running = new Map<MadName, Running>();
  const clients: ToolClient[] = [];
  const place = (mad: MadName): MadPlace => places.get(mad) as MadPlace;
  const begin = async (mad: MadName): Promise<void> => {
    const process = place(mad).spawn();
    running.set(mad, process);
    await place(mad).untilReady(process);
  };

  const shared = { REDIS_URL: redis.url, LOG_LEVEL: 'warn', ...env };
  const thinking = await createMadPlace('sequential-thinking', { ...shared, ...own['sequential-thinking'] });
  places.set('sequential-thinking', thinking);
  for (const mad of ['rogers', 'grace', 'fiedler'] as const) {
    const planner = { SEQUENTIAL_THINKING_URL: thinking.url };
    places.set(mad, await createMadPlace(mad, { ...shared, ...planner, ...own[mad] }));
  }
  await Promise.all(MAD_NAMES.map(begin));

  return {
    redis,
    place,
    targets: Object.fromEntries(MAD_NAMES.map((mad) => [mad, new URL(place(mad).metricsUrl).host])) as Record<
      MadName,
      string
    >,
    async connect(mad) {
      const client = await place(mad).connect();
      clients.push(client);
      return client;
    },
    async kill(mad, signal = 'SIGKILL') {
      await running.get(mad)?.stop(signal);
    },
    signal(mad, signal) {
      running.get(mad)?.child.kill(signal);
    },
    restart: begin,
    async stop() {
      await Promise.all(clients.map((client) => client.close()));
      await Promise.all([...running.values()].map((process) => process.stop('SIGKILL')));
      await redis.stop();
      await Promise.all([...places.values()].map((each) => each.remove()));
    },
  };
}
