import type { Migration } from './migrations.ts';

/**
 * The tables of the task store. Times are milliseconds since 1970. Beyond what the names say:
 * - `tasks.id` grows with creation: it is the order of the queue and of pages.
 * - The prompt has a table of its own, since a change of state writes its row anew.
 * - `crashes` counts attempts that ended with the process; a drain is none.
 * - `task_outbox` has a row until the task has ended and all of it is published.
 * - `traceparent` and `tracestate` are the trace that a task was given in: each attempt goes on with it.
 * - `task_counts` is kept by triggers, so that counting costs nothing however many tasks there are.
 */
export const TASK_MIGRATIONS: readonly Migration[] = [
  {
    name: 'tasks-001',
    sql: `
      CREATE TABLE tasks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        task_id TEXT NOT NULL UNIQUE,
        status TEXT NOT NULL
          CHECK (status IN ('PENDING', 'RUNNING', 'STREAMING', 'COMPLETED', 'FAILED', 'CANCELLED')),
        owner TEXT NOT NULL,
        scopes TEXT NOT NULL,
        requester_id TEXT NOT NULL,
        conversation_id TEXT NOT NULL,
        correlation_id TEXT NOT NULL,
        idempotency_key TEXT,
        attempt INTEGER NOT NULL DEFAULT 1,
        crashes INTEGER NOT NULL DEFAULT 0,
        response TEXT,
        error TEXT,
        created_ms INTEGER NOT NULL,
        updated_ms INTEGER NOT NULL,
        started_ms INTEGER,
        finished_ms INTEGER,
        CHECK ((status IN ('COMPLETED', 'FAILED', 'CANCELLED')) = (finished_ms IS NOT NULL)),
        CHECK ((status = 'COMPLETED') = (response IS NOT NULL)),
        CHECK ((status = 'FAILED') = (error IS NOT NULL))
      ) STRICT;
      CREATE UNIQUE INDEX tasks_by_key ON tasks (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;
      CREATE INDEX tasks_by_status ON tasks (status);
      CREATE INDEX tasks_by_owner ON tasks (owner);
      CREATE INDEX tasks_by_owner_status ON tasks (owner, status);
      CREATE INDEX tasks_by_conversation ON tasks (conversation_id, owner);
      CREATE INDEX tasks_by_end ON tasks (finished_ms) WHERE finished_ms IS NOT NULL;

      CREATE TABLE task_prompts (
        task INTEGER PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
        prompt TEXT NOT NULL
      ) STRICT;

      CREATE TABLE task_events (
        task INTEGER NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        type TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        token TEXT NOT NULL,
        data TEXT,
        PRIMARY KEY (task, seq)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE task_outbox (
        task INTEGER PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
        published_seq INTEGER NOT NULL DEFAULT 0
      ) STRICT;

      CREATE TABLE task_notifications (
        task INTEGER PRIMARY KEY REFERENCES tasks (id) ON DELETE CASCADE,
        created_ms INTEGER NOT NULL,
        published_ms INTEGER
      ) STRICT;

      CREATE TABLE task_counts (status TEXT PRIMARY KEY, tasks INTEGER NOT NULL) STRICT, WITHOUT ROWID;
      INSERT INTO task_counts
        VALUES ('PENDING', 0), ('RUNNING', 0), ('STREAMING', 0), ('COMPLETED', 0), ('FAILED', 0), ('CANCELLED', 0);
      CREATE TRIGGER tasks_count_insert AFTER INSERT ON tasks BEGIN
        UPDATE task_counts SET tasks = tasks + 1 WHERE status = NEW.status;
      END;
      CREATE TRIGGER tasks_count_update AFTER UPDATE OF status ON tasks BEGIN
        UPDATE task_counts SET tasks = tasks - 1 WHERE status = OLD.status;
        UPDATE task_counts SET tasks = tasks + 1 WHERE status = NEW.status;
      END;
      CREATE TRIGGER tasks_count_delete AFTER DELETE ON tasks BEGIN
        UPDATE task_counts SET tasks = tasks - 1 WHERE status = OLD.status;
      END;
      CREATE TRIGGER tasks_end_once BEFORE UPDATE OF status ON tasks
        WHEN OLD.status IN ('COMPLETED', 'FAILED', 'CANCELLED') BEGIN
        SELECT RAISE(ABORT, 'a task that has ended does not change');
      END;
    `,
  },
  {
    name: 'tasks-002',
    sql: `
      ALTER TABLE tasks ADD COLUMN traceparent TEXT;
      ALTER TABLE tasks ADD COLUMN tracestate TEXT;
    `,
  },
];
