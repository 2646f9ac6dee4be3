import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { list, port, url, whole } from './config-fields.ts';
import { parsePrices } from './prices.ts';
import { OTEL_KEYS } from './tracing/otel-keys.ts';

/** A bad environment: every bad key at once, a line each. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(`The environment is not right:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Every key of the environment: the one place where a key, its default and its meaning stand.
 * `docs/reference/environment.md` is generated from it. A key marked secret may also come from a
 * file that `{KEY}_FILE` names.
 */
export const EnvironmentSchema = z.object({
  HOST: z.string().default('127.0.0.1').describe('Address that everything listens on; `0.0.0.0` in images.'),
  GRACE_PORT: port().default(8000).describe('Grace: WebSocket and MCP. 0 takes a free port.'),
  FIEDLER_PORT: port().default(8001).describe('Fiedler: WebSocket and MCP.'),
  ROGERS_PORT: port().default(8002).describe('Rogers: WebSocket and MCP.'),
  SEQUENTIAL_THINKING_PORT: port().default(8003).describe('Sequential Thinking: WebSocket and MCP.'),
  MAD_PORT: port().default(8010).describe('A MAD of your own: WebSocket and MCP.'),
  PLATFORM_PORT: port().default(9464).describe('Metrics and health: `/metrics`, `/livez`, `/readyz`.'),
  FIEDLER_SSH_PORT: port()
    .default(2222)
    .describe('Fiedler: administration over SSH, where `SSH_AUTHORIZED_KEYS` has a key; 2222 in images.'),
  ROGERS_SSH_PORT: port().default(2223).describe('Rogers: the same; 2222 in images.'),
  SSH_AUTHORIZED_KEYS: z
    .string()
    .optional()
    .describe(
      'File with the public keys that may log in, as OpenSSH writes them; read again when it changes. Without it, or without a key in it at the start, no SSH port is opened. `/etc/mad/ssh/authorized_keys` in images.',
    ),
  SSH_MAX_CONNECTIONS: whole(1, 1000)
    .default(10)
    .describe(
      'SSH connections of a MAD at once; past it whoever has not logged in yet makes room, else the new one is refused.',
    ),
  SSH_LOGIN_MS: whole(1_000, 600_000).default(20_000).describe('Time to log in over SSH, in ms.'),
  SSH_IDLE_MS: whole(1_000, 86_400_000)
    .default(900_000)
    .describe('An SSH connection on which no command runs and nothing is typed ends after so long, in ms.'),
  DATA_DIR: z.string().default('./data').describe('Folder of the SQLite files and of the SSH host keys.'),
  REDIS_URL: z
    .string()
    // The addresses of several Sentinels are no URL to a strict parser; the bus looks closer.
    .regex(
      /^rediss?(-sentinel)?:\/\/\S+$/,
      'must be a URL that begins with redis://, rediss:// or redis-sentinel://',
    )
    .optional()
    .describe(
      'The bus: `redis://`, `rediss://` for TLS, or `redis-sentinel://HOST:PORT,HOST:PORT#NAME`. Without it `npm start` runs on the `memory` bus; a MAD alone refuses.',
    ),
  REDIS_PASSWORD: z
    .string()
    .optional()
    .describe('Password of Redis, and the secret of the group.')
    .meta({ secret: true }),
  BUS_LOG_MAX_AGE_HOURS: whole(1, 8760).default(24).describe('The log keeps entries so long, in hours.'),
  BUS_LOG_MAX_LENGTH: whole(1000, 1_000_000_000)
    .default(1_000_000)
    .describe('The log keeps at most so many entries.'),
  BUS_LOG_MAX_MB: whole(1, 1_000_000).default(256).describe('The log takes at most so much memory, in MiB.'),
  SEQUENTIAL_THINKING_URL: url('ws:', 'wss:')
    .default('ws://127.0.0.1:8003')
    .describe('Where Fiedler and Rogers find Sequential Thinking.'),
  SEQUENTIAL_THINKING_TIMEOUT_MS: whole(1, 3_600_000)
    .default(60_000)
    .describe('Longest wait for a plan, in ms.'),
  OPENAI_API_KEY: z.string().optional().describe('Key of the model provider.').meta({ secret: true }),
  OPENAI_BASE_URL: url('http:', 'https:')
    .optional()
    .describe('Any OpenAI-compatible server: Ollama, vLLM, llama.cpp, a gateway.'),
  LLM_MODEL: z.string().min(1).default('gpt-4o-mini').describe('Model name, as the provider knows it.'),
  LLM_PRICES: z
    .string()
    .superRefine((text, context) => {
      try {
        parsePrices(text);
      } catch (error) {
        context.addIssue({ code: 'custom', message: (error as Error).message });
      }
    })
    .default('')
    .describe(
      'What models cost, for the metric of it: `MODEL=INPUT/OUTPUT` or `MODEL=INPUT/CACHED/OUTPUT`, for a million tokens, with spaces between models. Without it there are counts of tokens and no cost.',
    ),
  LLM_TIMEOUT_MS: whole(1, 3_600_000)
    .default(60_000)
    .describe('Longest wait for the provider’s next bytes, in ms.'),
  LLM_OUTAGE_WAIT_MS: whole(0, 86_400_000)
    .default(120_000)
    .describe(
      'How long an answer waits for a provider that is away, in ms; then its task fails and says so. Within `TASK_DEADLINE_MS`.',
    ),
  TASK_CONCURRENCY: whole(1, 10_000).default(64).describe('Tasks that run at once in a MAD.'),
  TASK_QUEUE_MAX: whole(1, 10_000_000)
    .default(10_000)
    .describe('Tasks that may wait; past it callers are told when to retry.'),
  TASK_MAX_ATTEMPTS: whole(1, 100).default(5).describe('A task that crashes interrupted so often fails.'),
  TASK_DEADLINE_MS: whole(1_000, 2_147_483_647)
    .default(3_600_000)
    .describe(
      'Longest time that a task may run, in ms, waiting for its provider included; time in the queue does not count, and an attempt after a restart begins anew.',
    ),
  TASK_RETENTION_DAYS: whole(1, 36_500)
    .default(30)
    .describe('Ended tasks are kept so long; a task’s events go with it.'),
  METRICS_RETENTION_DAYS: whole(1, 36_500).default(400).describe('Rogers keeps hourly metrics so long.'),
  MAD_TOKENS: z
    .string()
    .optional()
    .describe(
      'Callers: lines of `name token scope,scope`. Scopes: read, converse, publish, admin. `file:PATH` in the place of a token is what that file holds.',
    )
    .meta({ secret: true }),
  AUTH: z
    .enum(['on', 'off'], { error: 'must be on or off' })
    .default('on')
    .describe('`off` lets anyone in, said out loud; on loopback with nothing configured nobody is asked.'),
  ALLOWED_HOSTS: list()
    .default([])
    .describe('Further `Host` names for HTTP and WebSocket, beside loopback and the Service names.'),
  ALLOWED_ORIGINS: list().default([]).describe('Host names of the `Origin`s whose pages may connect; none.'),
  GRACE_MAX_CLIENTS: whole(1, 1_000_000)
    .default(10_000)
    .describe('Past it Grace forgets the client unused for longest.'),
  GRACE_CLIENT_IDLE_MINUTES: whole(1, 525_600)
    .default(60)
    .describe('Grace forgets a client that was idle so long.'),
  DRAIN_MS: whole(0, 3_600_000)
    .default(3_000)
    .describe('Time for running tasks at a stop, in ms; the rest is queued again.'),
  LOG_LEVEL: z
    .preprocess(
      (value) => (typeof value === 'string' ? value.toLowerCase().replace('warning', 'warn') : value),
      z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
        error: 'must be trace, debug, info, warn, error, fatal or silent',
      }),
    )
    .default('info')
    .describe('Lowest level that is logged.'),
  ...OTEL_KEYS,
});

export type Environment = Readonly<Record<string, string | undefined>>;
export type Config = Readonly<
  z.output<typeof EnvironmentSchema> & {
    /** File that the callers' tokens are re-read from, where `MAD_TOKENS_FILE` named one. */
    MAD_TOKENS_FILE?: string;
  }
>;

/** Keys whose value may come from a file. */
export const SECRET_KEYS = Object.entries(EnvironmentSchema.shape)
  .filter(([, schema]) => (schema.meta() as { secret?: boolean } | undefined)?.secret)
  .map(([key]) => key);

/**
 * The configuration from an environment. An empty value counts as absent.
 *
 * @throws ConfigError that names every bad key
 */
export function loadConfig(
  env: Environment,
  readFile = (path: string) => readFileSync(path, 'utf8'),
): Config {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const key of Object.keys(EnvironmentSchema.shape)) {
    const value = env[key];
    if (value !== undefined && value !== '') values[key] = value;
  }
  for (const key of SECRET_KEYS) {
    const path = env[`${key}_FILE`];
    if (path === undefined || path === '') continue;
    if (values[key] !== undefined) {
      problems.push(`${key} and ${key}_FILE are both set: keep one.`);
      continue;
    }
    try {
      values[key] = readFile(path).replace(/\r?\n$/, '');
    } catch (error) {
      problems.push(`${key}_FILE cannot be read: ${(error as Error).message}`);
    }
  }
  const parsed = EnvironmentSchema.safeParse(values);
  for (const issue of parsed.error?.issues ?? []) {
    const key = String(issue.path[0]);
    const shown = SECRET_KEYS.includes(key) ? '' : ` (it is '${values[key]}')`;
    problems.push(`${key} ${issue.message}${shown}.`);
  }
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  const config = parsed.data;
  const tokensFile = env.MAD_TOKENS_FILE;
  return {
    ...config,
    // Where it was not said, it is taken to be beside this MAD, at whatever port it was moved to.
    ...(values.SEQUENTIAL_THINKING_URL === undefined
      ? { SEQUENTIAL_THINKING_URL: `ws://${reachable(config.HOST)}:${config.SEQUENTIAL_THINKING_PORT}` }
      : {}),
    ...(tokensFile ? { MAD_TOKENS_FILE: tokensFile } : {}),
  };
}

/** The address at which this machine reaches what listens on the host. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
