import type { Bus } from '@mad-group/bus';
import {
  type Caller,
  type Clock,
  type ResourceDefinition,
  systemClock,
  type TaskStatus,
  type TaskView,
  type Thinker,
  type ToolDefinition,
} from '@mad-group/protocol';
import {
  createTaskResources,
  createTaskRunner,
  createTaskStore,
  createTaskTools,
  type StateDatabase,
  type TaskLoad,
  type TaskRunner,
  type TaskWording,
} from '@mad-group/tasks';
import type { Lifecycle } from './mad-types.ts';
import { watchDatabase } from './metrics/database-metrics.ts';
import { taskMetrics, watchTasks } from './metrics/task-metrics.ts';
import type { ProcessParts } from './run-process.ts';

export { databaseWrites } from './metrics/database-metrics.ts';

/** The tasks as a Thought Engine reads them, with its caller's eyes. */
interface TaskReading {
  get(taskId: string, caller: Caller): TaskView;
  list(filter: { status?: TaskStatus; limit: number }, caller: Caller): readonly TaskView[];
}

export interface TaskEngineOptions extends ProcessParts<Bus> {
  readonly madId: string;
  readonly database: StateDatabase;
  readonly wording: TaskWording;
  readonly clock?: Clock;
  /** The Thought Engine. It reads the very tasks that it thinks about: they are there when it is asked. */
  think(tasks: TaskReading): Thinker;
}

export interface TaskEngine {
  readonly tools: readonly ToolDefinition[];
  readonly resources: readonly ResourceDefinition[];
  /** The first part of a MAD, so that the database is closed when all others have stopped. */
  readonly database: Lifecycle;
  /** The last part, so that its tasks end while the others are there. */
  readonly runner: Lifecycle;
  load(): TaskLoad;
}

/** What a MAD with tasks has beside its own: the runner over its database, and the tools over it. */
export function createTaskEngine(options: TaskEngineOptions): TaskEngine {
  const { config, madId, database, clock = systemClock } = options;
  const runner: TaskRunner = createTaskRunner({
    store: createTaskStore(database, { clock }),
    thinker: options.think({
      get: (taskId, caller) => runner.get(taskId, caller),
      list: (filter, caller) => runner.list(filter, caller).tasks,
    }),
    publisher: options.bus,
    clock,
    log: options.log.child({ mad: madId }),
    metrics: taskMetrics(options.metrics, madId),
    tracing: options.tracing?.of(madId),
    madId,
    wording: options.wording,
    concurrency: config.TASK_CONCURRENCY,
    queueMax: config.TASK_QUEUE_MAX,
    maxAttempts: config.TASK_MAX_ATTEMPTS,
    retentionDays: config.TASK_RETENTION_DAYS,
    taskTimeoutMs: config.TASK_DEADLINE_MS,
  });
  const looks: (() => void)[] = [];
  return {
    tools: createTaskTools({ prefix: madId, runner }),
    resources: createTaskResources({ prefix: madId, runner }),
    database: {
      async start() {
        looks.push(
          watchTasks(options.metrics, madId, runner.watch),
          watchDatabase(options.metrics, madId, database),
        );
      },
      async stop() {
        for (const end of looks.splice(0)) end();
        database.close();
      },
    },
    runner: {
      start: runner.start,
      stop: ({ deadlineMs } = { deadlineMs: config.DRAIN_MS }) => runner.stop({ deadlineMs }),
    },
    load: runner.load,
  };
}
