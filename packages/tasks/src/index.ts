export {
  type Connection,
  type Durability,
  type OpenDatabaseOptions,
  openDatabase,
  type StateDatabase,
} from './database.ts';
export { backupDatabase, madsWithState, restoreDatabase, stateDatabasePath } from './database-backup.ts';
export type { Migration } from './migrations.ts';
export type { Publisher, TaskMetrics, TaskWording } from './ports.ts';
export { type StoredTask, viewTask } from './stored-task.ts';
export { TASK_MIGRATIONS } from './task-migrations.ts';
export type { EventsPage, EventsQuery, ListQuery } from './task-reader.ts';
export {
  createTaskRunner,
  type TaskInput,
  type TaskLoad,
  type TaskRunner,
  type TaskRunnerOptions,
} from './task-runner.ts';
export { createTaskStore, type TaskStore } from './task-store.ts';
export { createTaskResources, createTaskTools, type TaskToolOptions } from './task-tools.ts';
export type { TaskWatch } from './task-watch.ts';
