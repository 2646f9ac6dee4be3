import type { Bus } from '@mad-group/bus';
import type {
  Logger,
  MadStatus,
  PromptDefinition,
  ResourceDefinition,
  ToolDefinition,
} from '@mad-group/protocol';
import type { Callers } from './callers/callers.ts';
import type { ToolCall, ToolOutcome } from './dispatch.ts';
import type { Pages } from './http/pages.ts';
import type { MadMetrics } from './metrics.ts';
import type { ProcessTracing } from './tracing/process-tracing.ts';
import type { WebSocketLimits } from './websocket/limits.ts';

/** A part of a MAD that begins and ends with it. Both are idempotent. */
export interface Lifecycle {
  start(): Promise<void>;
  stop(options?: { deadlineMs: number }): Promise<void>;
}

/** A MAD as a further surface of its own sees it. */
export interface MadInside {
  readonly id: string;
  readonly title: string;
  readonly log: Logger;
  readonly bus: Bus | null;
  /** Calls its tools for a caller whom the surface has made sure of, in the way of all surfaces. */
  callTool(call: ToolCall): Promise<ToolOutcome>;
}

/** A way in beside the port of the tools: it opens after that port and closes with it. */
export interface FurtherSurface extends Lifecycle {
  readonly name: 'ssh';
  /** The port that was really opened; null where it is closed. */
  readonly port: number | null;
  /** Why it is closed, in one line for people; empty where it is open. */
  readonly whyClosed: string;
}

/** What a MAD says of itself beyond what every MAD knows. */
export interface StatusFacts {
  readonly sequential_thinking_connected?: boolean;
  /** `OK`, or what is wrong. */
  readonly database?: string;
  readonly provider?: string;
  /** False while the model provider is away. */
  readonly provider_available?: boolean;
  readonly details?: MadStatus['details'];
}

export interface MadOptions {
  /** `fiedler`: its sender id, its direct channel, its label in metrics. */
  readonly id: string;
  /** `FiedlerV1`, as mad-status heads it. */
  readonly title: string;
  readonly version: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Named in the message when the port is in use. */
  readonly portKey: string;
  readonly tools: readonly ToolDefinition[];
  readonly resources?: readonly ResourceDefinition[];
  readonly prompts?: readonly PromptDefinition[];
  /** What it serves to browsers, beside its tools. */
  readonly pages?: Pages;
  /** None for a MAD that runs without one (Sequential Thinking alone). */
  readonly bus: Bus | null;
  readonly callers: Callers;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly log: Logger;
  readonly metrics: MadMetrics;
  /** Absent where nothing is traced. */
  readonly tracing?: ProcessTracing | undefined;
  /** Started in this order before the port is opened, stopped in reverse after it is closed. */
  readonly parts?: readonly Lifecycle[];
  readonly status?: () => StatusFacts;
  /** Ways in beside the port of the tools: made when the MAD is, opened in this order after that port. */
  readonly surfaces?: readonly ((inside: MadInside) => FurtherSurface)[];
  /** Bounds and intervals other than the defaults, for tests. */
  readonly tuning?: {
    readonly webSocket?: Partial<WebSocketLimits>;
    readonly heartbeatMs?: number;
    readonly secondBeatMs?: number;
  };
}

export interface Mad extends Lifecycle {
  readonly id: string;
  readonly title: string;
  /** The port that was really opened; 0 before `start`. */
  readonly port: number;
  readonly tools: readonly ToolDefinition[];
  readonly surfaces: readonly FurtherSurface[];
  status(): MadStatus;
  /** Null when ready (started, database writable, the bus seen once), or why not. */
  notReady(): string | null;
  readonly log: Logger;
}
