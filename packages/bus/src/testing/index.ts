export { busConformance, type MakeBus } from './conformance.ts';
export { startRedis, type TestRedis, type TestRedisOptions } from './redis-server.ts';
