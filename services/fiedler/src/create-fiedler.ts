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
  taskRules,
} from '@mad-group/imperator';
import {
  createMad,
  type Mad,
  madBase,
  measured,
  type PlannerClient,
  type ProcessParts,
} from '@mad-group/mad';
import { createTaskEngine, databaseWrites } from '@mad-group/mad/tasks';
import { sshAdmin } from '@mad-group/ssh';
import { openDatabase, TASK_MIGRATIONS } from '@mad-group/tasks';
import packageJson from '../package.json' with { type: 'json' };
import { FIEDLER_COMMANDS } from './admin-commands.ts';
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
export async function createFiedler(given: FiedlerOptions): Promise<Mad> {
  const options = measured(given, ID);
  const { config, planner, provider, open = openDatabase } = options;
  const log = options.log.child({ mad: ID });
  const contextFile = await loadContext(CONTEXT_FILE);
  const path = join(config.DATA_DIR, 'fiedler_state.db');
  const onWrite = databaseWrites(options.metrics, ID);
  const database = open({ path, log, migrations: TASK_MIGRATIONS, onWrite });

  const tasks = createTaskEngine({
    ...options,
    madId: ID,
    database,
    wording: {
      notFound: (taskId) => `Task with id '${taskId}' not found.`,
      completed: 'Task completed successfully.',
    },
    think: (facts) =>
      createThinker({
        madId: ID,
        contextFile,
        provider,
        planner,
        triggers: FIEDLER_TRIGGERS,
        tools: taskImperatorTools(facts),
        rules: [...taskRules(facts), redirectToRogers],
        log,
      }),
  });

  return createMad({
    ...madBase(options),
    id: ID,
    title: 'FiedlerV1',
    version: packageJson.version,
    port: config.FIEDLER_PORT,
    portKey: 'FIEDLER_PORT',
    tools: tasks.tools,
    resources: tasks.resources,
    prompts: PROMPTS,
    surfaces: [
      sshAdmin({
        config,
        port: config.FIEDLER_SSH_PORT,
        portKey: 'FIEDLER_SSH_PORT',
        commands: FIEDLER_COMMANDS,
      }),
    ],
    parts: [tasks.database, planner, tasks.runner],
    status: () => {
      const { details, ...model } = providerFacts(provider);
      return {
        ...model,
        sequential_thinking_connected: planner.connected(),
        database: database.check(),
        details: { ...tasks.load(), ...details },
      };
    },
  });
}
