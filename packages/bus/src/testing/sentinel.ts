import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, vi } from 'vitest';
import { freePorts } from './free-ports.ts';
import { endProcess, startRedisProcess } from './redis-process.ts';
import { startRedis, type TestRedis } from './redis-server.ts';

export interface TestSentinel {
  /** `redis-sentinel://127.0.0.1:port#NAME`. The password of the two servers is not in it. */
  readonly url: string;
  readonly password: string;
  readonly primary: TestRedis;
  readonly replica: TestRedis;
  /** Halts the replica and closes its link: what the primary takes from now on, it alone has. */
  cutReplica(): Promise<void>;
  /** Resolves when the replica has taken the primary's place. */
  failedOver(): Promise<void>;
  /** Ends all three processes and removes their files. */
  stop(): Promise<void>;
}

const NAME = 'mad-test';
/** Sentinel needs a few seconds; on a busy machine it may not manage at the first attempt. */
const FAILOVER_WAIT = { timeout: 60_000, interval: 50 };

/**
 * A primary, its replica that is in step, and one Sentinel that looks after both.
 *
 * @param downAfterMs how long the primary is silent before Sentinel promotes the replica
 */
export async function startSentinel({ downAfterMs = 500 } = {}): Promise<TestSentinel> {
  const ending: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ending.splice(0).reverse()) await end();
  };
  /** A client that ends with the rest. */
  const open = (url: string): Redis => {
    const client = new Redis(url);
    // Of servers that are killed: what is asked of it fails by itself.
    client.on('error', () => undefined);
    ending.push(async () => client.disconnect());
    return client;
  };
  try {
    const password = randomBytes(12).toString('hex');
    const startServer = async (replicaOf?: number): Promise<TestRedis> => {
      const role = replicaOf === undefined ? {} : { replicaOf };
      // What is acknowledged is on disk: whatever is lost was lost by a failover.
      const server = await startRedis({ password, appendonly: true, appendfsync: 'always', ...role });
      ending.push(() => server.stop());
      return server;
    };
    const primary = await startServer();
    const replica = await startServer(primary.port);
    const [atPrimary, atReplica] = [open(primary.url), open(replica.url)];
    const replication = (redis: Redis, line: string) =>
      vi.waitFor(async () => expect(await redis.info('replication')).toContain(line), FAILOVER_WAIT);
    // Sentinel asks the primary for its replicas once at the start, and then every 10 s.
    await replication(atReplica, 'master_link_status:up');
    await replication(atPrimary, 'state=online');

    const dir = await mkdtemp(join(tmpdir(), 'mad-sentinel-'));
    ending.push(() => rm(dir, { recursive: true, force: true }));
    const [port] = (await freePorts(1)) as [number];
    const address = `127.0.0.1:${port}`;
    const file = join(dir, 'sentinel.conf');
    await writeFile(file, sentinelConfig({ port, dir, primary, downAfterMs }));
    const child = await startRedisProcess([file, '--sentinel'], `redis://${address}`);
    ending.push(() => endProcess(child, 'SIGKILL'));
    const atSentinel = open(`redis://${address}`);
    await vi.waitFor(async () => {
      const replicas = (await atSentinel.call('SENTINEL', 'REPLICAS', NAME)) as string[][];
      expect(replicas.map(([, name]) => name)).toEqual([`127.0.0.1:${replica.port}`]);
    }, FAILOVER_WAIT);

    return {
      url: `redis-sentinel://${address}#${NAME}`,
      password,
      primary,
      replica,
      stop,
      async cutReplica() {
        await atPrimary.set('in step', 'with this');
        expect(await atPrimary.wait(1, FAILOVER_WAIT.timeout)).toBe(1);
        // Halted first: it cannot come back.
        await replica.kill('SIGSTOP');
        await atPrimary.call('CLIENT', 'KILL', 'TYPE', 'replica');
        await replication(atPrimary, 'connected_slaves:0');
      },
      async failedOver() {
        await vi.waitFor(async () => {
          const named = await atSentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME);
          expect(named).toEqual(['127.0.0.1', String(replica.port)]);
        }, FAILOVER_WAIT);
        await replication(atReplica, 'role:master');
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const sentinelConfig = (of: {
  port: number;
  dir: string;
  primary: TestRedis;
  downAfterMs: number;
}): string => `
port ${of.port}
bind 127.0.0.1
dir "${of.dir}"
sentinel monitor ${NAME} 127.0.0.1 ${of.primary.port} 1
sentinel auth-pass ${NAME} ${of.primary.password}
sentinel down-after-milliseconds ${NAME} ${of.downAfterMs}
sentinel failover-timeout ${NAME} 2000
`;
