import { silentLogger } from '@mad-group/protocol';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import type { Bus } from './bus.ts';
import { DEFAULT_LOG_LIMITS } from './log-limits.ts';
import { createRedisBus } from './redis-bus.ts';
import { busConformance } from './testing/conformance.ts';
import { startRedis, type TestRedis } from './testing/redis-server.ts';

let server: TestRedis;
let plain: Redis;
let logs = 0;

beforeAll(async () => {
  server = await startRedis();
  plain = new Redis(server.url);
});
afterAll(async () => {
  plain.disconnect();
  await server.stop();
});

async function startBus(limits = {}): Promise<Bus> {
  logs += 1;
  const bus = createRedisBus({
    url: server.url,
    log: silentLogger,
    limits: { ...DEFAULT_LOG_LIMITS, ...limits },
    keyPrefix: `{test-${logs}}:`,
  });
  await bus.start();
  return bus;
}

busConformance('the redis bus', startBus);
