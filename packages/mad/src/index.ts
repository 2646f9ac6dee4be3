export {
  type BusCallOptions,
  type BusToolClient,
  createBusToolClient,
} from './bus-surface/bus-tool-client.ts';
export type { Callers } from './callers/callers.ts';
export { type CallersOptions, createCallers, isLoopback } from './callers/create-callers.ts';
export { GROUP_CALLER, serviceTokenFor } from './callers/service-token.ts';
export { type WatchedFile, watchText } from './callers/watched-file.ts';
export { CLI_ENVIRONMENT } from './cli/environment.ts';
export { createGroupPlanner } from './client/group-planner.ts';
export type { PlannerClient } from './client/planner-client.ts';
export {
  type CallOptions,
  type ConnectOptions,
  connectTools,
  type ToolClient,
  type ToolReply,
} from './client/tool-client.ts';
export {
  type Config,
  ConfigError,
  type Environment,
  EnvironmentSchema,
  loadConfig,
  SECRET_KEYS,
} from './config.ts';
export { createMad } from './create-mad.ts';
export { listenOn } from './http/http-server.ts';
export { pathOf, replyJson } from './http/messages.ts';
export type { PageContext, Pages } from './http/pages.ts';
export { createLog, type LogLevel, type LogOptions } from './log.ts';
export { madBase, measured } from './mad-base.ts';
export type { FurtherSurface, Lifecycle, Mad, MadInside, MadOptions, StatusFacts } from './mad-types.ts';
export { METRIC_GROUPS, METRICS, type MetricName } from './metrics/catalogue.ts';
export { providerMetrics } from './metrics/provider-metrics.ts';
export { collectProcessMetrics, createMetrics, type MadMetrics } from './metrics.ts';
export { createPlatformServer, type PlatformServer, type PlatformServerOptions } from './platform-server.ts';
export { type RetryingOptions, retrying } from './retrying.ts';
export { type ProcessParts, type Running, type RunOptions, runProcess } from './run-process.ts';
export { onShutdown, type ShutdownOptions, type SignalSource } from './shutdown.ts';
export { StartError } from './start-error.ts';
