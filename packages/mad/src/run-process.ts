import { randomBytes } from 'node:crypto';
import { type Bus, createBus } from '@mad-group/bus';
import { type Logger, MadError } from '@mad-group/protocol';
import { traceIds } from '@mad-group/protocol/tracing';
import type { Callers } from './callers/callers.ts';
import { createCallers } from './callers/create-callers.ts';
import { type Config, type Environment, loadConfig } from './config.ts';
import { assertPortIsFree } from './http/http-server.ts';
import { createLog } from './log.ts';
import type { Mad } from './mad-types.ts';
import { createMetrics, type MadMetrics } from './metrics.ts';
import { createPlatformServer, type PlatformServer } from './platform-server.ts';
import { onShutdown } from './shutdown.ts';
import { StartError } from './start-error.ts';
import { isTracingOn } from './tracing/otel-keys.ts';
import type { ProcessTracing } from './tracing/process-tracing.ts';
import { startTracing } from './tracing/start-tracing.ts';
import { traceBus } from './tracing/traced-bus.ts';

/** What a process has before its MADs are built. */
export interface ProcessParts<Transport extends Bus | null = Bus> {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: MadMetrics;
  readonly callers: Callers;
  readonly bus: Transport;
  /** Absent where nothing is traced. */
  readonly tracing?: ProcessTracing | undefined;
}

/** Keys of the ports that MADs open. */
type PortKey = 'GRACE_PORT' | 'FIEDLER_PORT' | 'ROGERS_PORT' | 'SEQUENTIAL_THINKING_PORT' | 'MAD_PORT';

/**
 * The MADs of a process in tiers: a tier starts, or stops, when the one before it has. Within a
 * tier they start in order and stop together.
 */
export interface Running {
  readonly start: readonly (readonly Mad[])[];
  /** Where it is not the reverse of the start. */
  readonly stop?: readonly (readonly Mad[])[];
}

interface Common<Transport extends Bus | null> {
  /** Stands on every line of the log, and begins the words of a refusal. */
  readonly name: string;
  readonly env: Environment;
  /** The ports it will open, beside the platform's: looked at before anything else begins. */
  readonly portKeys: readonly PortKey[];
  build(parts: ProcessParts<Transport>): Running | Promise<Running>;
  /** Called when all of it runs. */
  onStarted?(
    parts: ProcessParts<Transport>,
    running: { readonly mads: readonly Mad[]; readonly platform: PlatformServer },
  ): void | Promise<void>;
}

export type RunOptions =
  /** Without `REDIS_URL` the process refuses to start. */
  | (Common<Bus> & { readonly busPolicy: 'required' })
  /** Without `REDIS_URL` the bus lives in this process. */
  | (Common<Bus> & { readonly busPolicy: 'embedded' })
  /** Without `REDIS_URL` there is none. */
  | (Common<Bus | null> & { readonly busPolicy: 'optional' });

/** Errors whose message says what to do. The last is the imperator's, which this package does not know. */
const FOR_PEOPLE: ReadonlySet<string> = new Set(['ConfigError', 'StartError', 'ContextFileError']);
/** What a stop may take beyond the time of running work: its last events, and connections. In milliseconds. */
const CLOSING_MS = 2_000;
/** Of that, what the last spans may take: a collector that is away holds nobody up longer. In milliseconds. */
const LAST_SPANS_MS = 1_000;

/**
 * Runs MADs in this process from its environment until a signal: configuration, log, bus, callers,
 * the platform port, and an orderly stop. What keeps it from starting is said in one line on
 * standard error, and the process ends with 1.
 */
export async function runProcess(options: RunOptions): Promise<void> {
  try {
    await run(options as Common<Bus | null> & { busPolicy: RunOptions['busPolicy'] });
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(1);
  }
}

async function run(
  options: Common<Bus | null> & { readonly busPolicy: RunOptions['busPolicy'] },
): Promise<void> {
  const { name, env, busPolicy } = options;
  const config = loadConfig(env);
  if (busPolicy === 'required' && config.REDIS_URL === undefined) {
    throw new StartError(
      `REDIS_URL is not set, and ${name} alone needs the bus. Set REDIS_URL=redis://HOST:6379 and REDIS_PASSWORD; npm start runs all MADs without Redis.`,
    );
  }
  for (const portKey of [...options.portKeys, 'PLATFORM_PORT'] as const) {
    await assertPortIsFree({ host: config.HOST, port: config[portKey], portKey });
  }
  const traced = isTracingOn(config);
  const pretty = process.stdout.isTTY === true;
  const log = createLog({ name, level: config.LOG_LEVEL, pretty, facts: traced ? traceIds : undefined });
  const tracing = await startTracing(config, log);
  const metrics = createMetrics({ log });
  const callers = createCallers({
    host: config.HOST,
    tokens: config.MAD_TOKENS,
    tokensFile: config.MAD_TOKENS_FILE,
    groupSecret: config.REDIS_PASSWORD ?? ownSecret(config, busPolicy),
    auth: config.AUTH,
    log,
  });
  const plainBus =
    busPolicy === 'optional' && config.REDIS_URL === undefined ? null : createBus(busConfig(config), { log });
  const bus = plainBus && traced ? traceBus(plainBus) : plainBus;
  const parts = { config, log, metrics, callers, bus, tracing };

  let order: readonly (readonly Mad[])[] = [];
  let platform: PlatformServer | undefined;
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= stopAll();
    return stopping;
  };
  const stopAll = async (): Promise<void> => {
    const deadline = Date.now() + config.DRAIN_MS;
    for (const tier of order) {
      await Promise.all(tier.map((mad) => mad.stop({ deadlineMs: Math.max(0, deadline - Date.now()) })));
    }
    await platform?.stop();
    callers.stop();
    await bus?.stop();
    await tracing.stop({ timeoutMs: LAST_SPANS_MS });
  };
  try {
    const running = await options.build(parts);
    const mads = running.start.flat();
    order = running.stop ?? running.start.toReversed();
    platform = createPlatformServer({
      host: config.HOST,
      port: config.PLATFORM_PORT,
      portKey: 'PLATFORM_PORT',
      mads,
      metrics,
      log,
    });
    onShutdown(stop, { deadlineMs: config.DRAIN_MS + CLOSING_MS, log });
    await bus?.start();
    await platform.start();
    for (const mad of mads) {
      // A signal may come while it starts: what has not begun then does not begin.
      if (stopping) return;
      await mad.start();
    }
    if (!stopping) await options.onStarted?.(parts, { mads, platform });
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * All members of an embedded group are in this process: where callers must show tokens, a secret
 * that nobody else learns lets them know each other.
 */
const ownSecret = (config: Config, busPolicy: RunOptions['busPolicy']): string | undefined =>
  busPolicy === 'embedded' && (config.MAD_TOKENS ?? config.MAD_TOKENS_FILE) !== undefined
    ? randomBytes(32).toString('hex')
    : undefined;

const busConfig = (config: Config) => ({
  url: config.REDIS_URL,
  password: config.REDIS_PASSWORD,
  limits: {
    maxAgeMs: config.BUS_LOG_MAX_AGE_HOURS * 3_600_000,
    maxLength: config.BUS_LOG_MAX_LENGTH,
    maxBytes: config.BUS_LOG_MAX_MB * 1024 * 1024,
  },
});

/** The words alone where the error is one that we throw for people; a defect shows its trace. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isForPeople = error instanceof MadError || FOR_PEOPLE.has(error.name);
  return isForPeople ? error.message : (error.stack ?? error.message);
}
