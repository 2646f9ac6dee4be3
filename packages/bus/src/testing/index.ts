export { busConformance, type MakeBus } from './conformance.ts';
export { freePorts, takenPorts } from './free-ports.ts';
export { startRedis, type TestRedis, type TestRedisOptions } from './redis-server.ts';
export { type Direction, startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
