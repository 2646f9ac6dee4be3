export type {
  Bus,
  BusStatus,
  KeyValueStore,
  LogBatch,
  LogItem,
  LogPlace,
  PlaceSought,
  PublishOptions,
  ReadOptions,
} from './bus.ts';
export { type BusConfig, createBus } from './create-bus.ts';
export { DEFAULT_LOG_LIMITS, type LogLimits } from './log-limits.ts';
export { createMemoryBus, type MemoryBusOptions } from './memory-bus.ts';
export { createRedisBus, type RedisBusOptions } from './redis-bus.ts';
