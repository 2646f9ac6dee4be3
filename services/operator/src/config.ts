import { ConfigError, type Environment } from '@mad-group/mad';
import { z } from 'zod';

const OperatorEnvironment = z.object({
  WATCH_NAMESPACE: z.string().optional().describe('The only namespace that is looked at; all where absent.'),
  POD_NAMESPACE: z.string().default('default').describe('Where the Lease is.'),
  POD_NAME: z.string().default('mad-operator').describe('Holder of the Lease.'),
  HELM: z.string().default('helm').describe('The helm binary.'),
  CHART: z.string().default('/app/charts/mad-group').describe('The chart of a group.'),
  HOST: z.string().default('127.0.0.1'),
  PLATFORM_PORT: z.coerce.number().int().min(0).max(65_535).default(9464),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});
export type OperatorConfig = z.output<typeof OperatorEnvironment>;

/**
 * The operator's configuration from an environment. An empty value counts as absent.
 *
 * @throws ConfigError that names every bad key
 */
export function loadOperatorConfig(env: Environment): OperatorConfig {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = OperatorEnvironment.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}.`));
}
