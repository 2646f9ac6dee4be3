import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bus } from '@mad-group/bus';
import {
  createThinker,
  FIEDLER_TRIGGERS,
  loadContext,
  type Provider,
  providerFacts,
  redirectToRogers,
  type TaskFacts,
  taskRules,
} from '@mad-group/imperator';
import {
  createMad,
  type Mad,
  madBase,
  type PlannerClient,
  type ProcessParts,
  taskMetrics,
} from '@mad-group/mad';
import { systemClock } from '@mad-group/protocol';
import {
  createTaskResources,
  createTaskRunner,
  createTaskStore,
  createTaskTools,
  openDatabase,
  TASK_MIGRATIONS,
  type TaskRunner,
} from '@mad-group/tasks';
import packageJson from '../package.json' with { type: 'json' };
import { taskImperatorTools } from './imperator-tools.ts';
import { PROMPTS } from './prompts.ts';

const ID = 'fiedler';
const CONTEXT_FILE = fileURLToPath(new URL('../IMPERATOR.md', import.meta.url));

export interface FiedlerOptions extends ProcessParts<Bus> {
  /** Null where no model is configured: rules answer then. */
  readonly provider: Provider | null;
  readonly planner: PlannerClient;
  /** Where its tasks are kept. Default: the SQLite file of `DATA_DIR`. */
  readonly open?: typeof openDatabase;
}

/**
 * Fiedler: takes prompts as tasks, streams their tokens, keeps them. Its database is opened here,
 * its work begins at `start`.
 *
 * @throws MadError `database_*`; ContextFileError without its IMPERATOR.md
 */
export async function createFiedler(options: FiedlerOptions): Promise<Mad> {
  const { config, bus, metrics, planner, provider, open = openDatabase } = options;
  const log = options.log.child({ mad: ID });
  const contextFile = await loadContext(CONTEXT_FILE);
  const path = join(config.DATA_DIR, 'fiedler_state.db');
  const database = open({ path, log, migrations: TASK_MIGRATIONS });

  // Tasks are thought about with tools that read tasks: the runner is there when they are called.
  const facts: TaskFacts = {
    get: (taskId, caller) => runner.get(taskId, caller),
    list: (filter, caller) => runner.list(filter, caller).tasks,
  };
  const thinker = createThinker({
    madId: ID,
    contextFile,
    provider,
    planner,
    triggers: FIEDLER_TRIGGERS,
    tools: taskImperatorTools(facts),
    rules: [...taskRules(facts), redirectToRogers],
    log,
  });
  const runner: TaskRunner = createTaskRunner({
    store: createTaskStore(database, { clock: systemClock }),
    thinker,
    publisher: bus,
    clock: systemClock,
    log,
    metrics: taskMetrics(metrics, ID),
    madId: ID,
    wording: {
      notFound: (taskId) => `Task with id '${taskId}' not found.`,
      completed: 'Task completed successfully.',
    },
    concurrency: config.TASK_CONCURRENCY,
    queueMax: config.TASK_QUEUE_MAX,
    maxAttempts: config.TASK_MAX_ATTEMPTS,
    retentionDays: config.TASK_RETENTION_DAYS,
    taskTimeoutMs: config.TASK_DEADLINE_MS,
  });

  return createMad({
    ...madBase(options),
    id: ID,
    title: 'FiedlerV1',
    version: packageJson.version,
    port: config.FIEDLER_PORT,
    portKey: 'FIEDLER_PORT',
    tools: createTaskTools({ prefix: ID, runner }),
    resources: createTaskResources({ prefix: ID, runner }),
    prompts: PROMPTS,
    parts: [closing(database), planner, runner],
    status: () => {
      const { details, ...model } = providerFacts(provider);
      return {
        ...model,
        sequential_thinking_connected: planner.connected(),
        database: database.check(),
        details: { ...runner.load(), ...details },
      };
    },
  });
}

/** The database as the part that ends last. */
const closing = ({ close }: { close(): void }) => ({
  start: async () => undefined,
  stop: async () => close(),
});
