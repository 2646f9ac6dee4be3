import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bus } from '@mad-group/bus';
import {
  createThinker,
  loadContext,
  type Provider,
  providerFacts,
  ROGERS_TRIGGERS,
  type RogersFacts,
  rogersRules,
  taskRules,
} from '@mad-group/imperator';
import {
  createBusToolClient,
  createMad,
  type Mad,
  madBase,
  measured,
  type PlannerClient,
  type ProcessParts,
} from '@mad-group/mad';
import { createTaskEngine, databaseWrites } from '@mad-group/mad/tasks';
import { type Clock, systemClock } from '@mad-group/protocol';
import { sshAdmin } from '@mad-group/ssh';
import { openDatabase, TASK_MIGRATIONS } from '@mad-group/tasks';
import packageJson from '../package.json' with { type: 'json' };
import { ROGERS_COMMANDS } from './admin-commands.ts';
import { createBusWatcher } from './bus-watcher.ts';
import { createConsole } from './console/create-console.ts';
import { lendTrafficTools } from './imperator-tools.ts';
import { ROGERS_MIGRATIONS } from './migrations.ts';
import { PROMPTS } from './prompts.ts';
import { createTrafficResources } from './resources.ts';
import { createMetricsRetention } from './retention.ts';
import { createGetConnections } from './tools/get-connections.ts';
import { createGetStats } from './tools/get-stats.ts';
import { createTrafficLog } from './traffic-log.ts';
import { createTrafficMetrics } from './traffic-metrics.ts';
import { createTrafficStore } from './traffic-store.ts';

const ID = 'rogers';
const CONTEXT_FILE = fileURLToPath(new URL('../IMPERATOR.md', import.meta.url));

export interface RogersOptions extends ProcessParts<Bus> {
  /** Null where no model is configured: answers come from rules. */
  readonly provider: Provider | null;
  /** Rogers' own: it starts and stops with Rogers. */
  readonly planner: PlannerClient;
  readonly clock?: Clock;
}

/**
 * Rogers V1: reads the whole log of the bus, keeps the registry of MADs and hourly metrics, and
 * answers questions about them. Opens `rogers_state.db` in `DATA_DIR`; `stop` closes it.
 *
 * @throws ContextFileError without its IMPERATOR.md, MadError `database_*` where the file cannot be used
 */
export async function createRogers(given: RogersOptions): Promise<Mad> {
  const options = measured(given, ID);
  const { config, bus, metrics, planner, provider, clock = systemClock } = options;
  const log = options.log.child({ mad: ID });
  const contextFile = await loadContext(CONTEXT_FILE);
  const database = openDatabase({
    path: join(config.DATA_DIR, 'rogers_state.db'),
    log,
    migrations: [...TASK_MIGRATIONS, ...ROGERS_MIGRATIONS],
    onWrite: databaseWrites(metrics, ID),
  });
  // A commit that power takes away takes its counts and its position alike, and the log is read again.
  const store = createTrafficStore(database.relaxed);
  const watcher = createBusWatcher({
    bus,
    store,
    metrics: createTrafficMetrics(metrics, store),
    trafficLog: createTrafficLog({ log, clock }),
    log,
    clock,
  });
  const getConnections = createGetConnections(store);
  const getStats = createGetStats({ store, clock });
  const traffic: RogersFacts = {
    connections: () => store.connections(),
    stats: (hours) => store.stats(clock.now(), hours),
    busConnected: () => bus.status().connected,
    clock,
  };
  const tasks = createTaskEngine({
    ...options,
    madId: ID,
    database,
    wording: { notFound: (taskId) => `Task '${taskId}' not found.`, completed: 'Task completed.' },
    clock,
    think: (facts) =>
      createThinker({
        madId: ID,
        contextFile,
        provider,
        planner,
        triggers: ROGERS_TRIGGERS,
        tools: lendTrafficTools(getConnections, getStats, { store, clock }),
        rules: [...rogersRules(traffic), ...taskRules(facts)],
        log,
      }),
  });

  const others = createBusToolClient({ bus, id: ID, log });
  const pages = createConsole({
    ownId: ID,
    version: packageJson.version,
    bus,
    others,
    store,
    log,
    onReaders: (count) => metrics.set('mad_console_readers', {}, count),
  });

  return createMad({
    ...madBase(options),
    pages,
    id: ID,
    title: 'RogersV1',
    version: packageJson.version,
    port: config.ROGERS_PORT,
    portKey: 'ROGERS_PORT',
    tools: [...tasks.tools, getConnections, getStats],
    resources: [...createTrafficResources({ store, clock }), ...tasks.resources],
    prompts: PROMPTS,
    surfaces: [
      sshAdmin({
        config,
        port: config.ROGERS_SSH_PORT,
        portKey: 'ROGERS_SSH_PORT',
        commands: ROGERS_COMMANDS,
      }),
    ],
    parts: [
      tasks.database,
      planner,
      createMetricsRetention({
        store,
        days: config.METRICS_RETENTION_DAYS,
        clock,
        log,
        onDeleted: watcher.forgetBefore,
      }),
      watcher,
      others,
      tasks.runner,
    ],
    status: () => {
      const health = database.check();
      const { details, ...model } = providerFacts(provider);
      return {
        ...model,
        sequential_thinking_connected: planner.connected(),
        database: health,
        // A status must come where the database is broken too, or closed, as at the goodbye.
        details:
          health === 'OK'
            ? { connections: store.connections().length, ...tasks.load(), ...details }
            : details,
      };
    },
  });
}
