import type { TaskStatus, Turn } from '@mad-group/protocol';
import type { Connection, Statement } from './database.ts';
import { MAX_PAGE_CHARS, takeWithin } from './page-size.ts';
import { type StoredTask, TASK_COLUMNS, type TaskRow, toStoredTask } from './stored-task.ts';

/**
 * Longest history that is read, in characters: many times what a model is given of it, and little
 * beside what a hundred turns may be.
 */
const MAX_HISTORY_CHARS = 200_000;

export interface ListFilter {
  /** Only this owner's; everyone's where absent. */
  readonly owner?: string | undefined;
  readonly status?: TaskStatus | undefined;
  readonly conversationId?: string | undefined;
  readonly limit: number;
  /** Only tasks older than the one of this number. */
  readonly beforeId?: number | undefined;
}

export interface TaskPage {
  /** Newest first. */
  readonly tasks: StoredTask[];
  /** `beforeId` of the next page; null where this is the last. */
  readonly nextBeforeId: number | null;
}

interface TaskInsert {
  readonly taskId: string;
  readonly prompt: string;
  readonly owner: string;
  readonly scopes: string;
  readonly requesterId: string;
  readonly conversationId: string;
  readonly correlationId: string;
  readonly idempotencyKey: string | null;
  readonly atMs: number;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
}

export interface TaskQueries {
  insert(task: TaskInsert): number;
  get(taskId: string): StoredTask | undefined;
  getById(id: number): StoredTask;
  findByKey(owner: string, key: string): StoredTask | undefined;
  status(id: number): TaskStatus | undefined;
  list(filter: ListFilter): TaskPage;
  history(task: StoredTask, maxTurns: number): Turn[];
  countByStatus(): Record<TaskStatus, number>;
  oldestPending(limit: number): number[];
  /** When the oldest of them was made, in milliseconds since 1970. */
  oldestPendingMs(): number | undefined;
  /** Tasks that an ended process left unfinished, with how often that happened to them before. */
  interrupted(): { id: number; crashes: number }[];
  deleteEndedBefore(endMs: number, limit: number): number;
}

/** The statements that read tasks, and the ones that make and delete them. */
export function createTaskQueries(connection: Connection): TaskQueries {
  const insertTask = connection.prepare<TaskInsert>(`
    INSERT INTO tasks (task_id, status, owner, scopes, requester_id, conversation_id, correlation_id,
      idempotency_key, created_ms, updated_ms, traceparent, tracestate)
    VALUES (@taskId, 'PENDING', @owner, @scopes, @requesterId, @conversationId, @correlationId,
      @idempotencyKey, @atMs, @atMs, @traceparent, @tracestate)`);
  const insertPrompt = connection.prepare<[number, string]>(
    'INSERT INTO task_prompts (task, prompt) VALUES (?, ?)',
  );
  const insertOutbox = connection.prepare<[number]>('INSERT INTO task_outbox (task) VALUES (?)');
  const select = `SELECT ${TASK_COLUMNS} FROM tasks t`;
  const byTaskId = connection.prepare<[string], TaskRow>(`${select} WHERE t.task_id = ?`);
  const byId = connection.prepare<[number], TaskRow>(`${select} WHERE t.id = ?`);
  const byKey = connection.prepare<[string, string], TaskRow>(
    `${select} WHERE t.owner = ? AND t.idempotency_key = ?`,
  );
  const statusOf = connection.prepare<[number], { status: TaskStatus }>(
    'SELECT status FROM tasks WHERE id = ?',
  );
  const counts = connection.prepare<[], { status: TaskStatus; tasks: number }>(
    'SELECT status, tasks FROM task_counts',
  );
  const pending = connection.prepare<[number], { id: number }>(
    "SELECT id FROM tasks WHERE status = 'PENDING' ORDER BY id LIMIT ?",
  );
  const oldest = connection.prepare<[], { created_ms: number }>(
    "SELECT created_ms FROM tasks WHERE status = 'PENDING' ORDER BY id LIMIT 1",
  );
  const interrupted = connection.prepare<[], { id: number; crashes: number }>(
    "SELECT id, crashes FROM tasks WHERE status IN ('RUNNING', 'STREAMING') ORDER BY id",
  );
  const turns = connection.prepare<[string, string, number, number], Turn>(`
    SELECT (SELECT prompt FROM task_prompts WHERE task = t.id) AS prompt, t.response AS response
    FROM tasks t INDEXED BY tasks_by_conversation
    WHERE t.conversation_id = ? AND t.owner = ? AND t.id < ? AND t.status = 'COMPLETED'
    ORDER BY t.id DESC LIMIT ?`);
  const remove = connection.prepare<[number, number]>(`
    DELETE FROM tasks WHERE id IN (
      SELECT id FROM tasks WHERE finished_ms IS NOT NULL AND finished_ms < ? ORDER BY finished_ms LIMIT ?)`);
  const list = createListStatements(connection, select);

  return {
    insert(task) {
      const id = Number(insertTask.run(task).lastInsertRowid);
      insertPrompt.run(id, task.prompt);
      insertOutbox.run(id);
      return id;
    },
    get: (taskId) => optional(byTaskId.get(taskId)),
    getById: (id) => toStoredTask(byId.get(id) as TaskRow),
    findByKey: (owner, key) => optional(byKey.get(owner, key)),
    status: (id) => statusOf.get(id)?.status,
    list({ owner, status, conversationId, limit, beforeId = Number.MAX_SAFE_INTEGER }) {
      const statement = list({ owner, status, conversationId });
      const given = [owner, status, conversationId].filter((value) => value !== undefined);
      // One more than asked for tells whether there is another page.
      let seen = 0;
      const sizeOf = ({ prompt, response }: TaskRow): number => {
        seen += 1;
        return prompt.length + (response?.length ?? 0);
      };
      const rows = takeWithin(statement.iterate(...given, beforeId, limit + 1), sizeOf, MAX_PAGE_CHARS);
      const tasks = rows.slice(0, limit).map(toStoredTask);
      return { tasks, nextBeforeId: seen > tasks.length ? (tasks.at(-1)?.id ?? null) : null };
    },
    history(task, maxTurns) {
      const rows = turns.iterate(task.conversationId, task.caller.name, task.id, maxTurns);
      const sizeOf = ({ prompt, response }: Turn): number => prompt.length + response.length;
      return takeWithin(rows, sizeOf, MAX_HISTORY_CHARS).reverse();
    },
    countByStatus() {
      const rows = counts.all().map(({ status, tasks }) => [status, tasks] as const);
      return Object.fromEntries(rows) as Record<TaskStatus, number>;
    },
    oldestPending: (limit) => pending.all(limit).map(({ id }) => id),
    oldestPendingMs: () => oldest.get()?.created_ms,
    interrupted: () => interrupted.all(),
    deleteEndedBefore: (endMs, limit) => Number(remove.run(endMs, limit).changes),
  };
}

const optional = (row: TaskRow | undefined): StoredTask | undefined => row && toStoredTask(row);

type Given = Pick<ListFilter, 'owner' | 'status' | 'conversationId'>;

/**
 * One prepared statement for each combination of filters. The index is named, since without
 * statistics SQLite may take the one that walks through every task of a state.
 */
function createListStatements(connection: Connection, select: string) {
  const keyOf = (owner: boolean, status: boolean, conversation: boolean): string =>
    [owner, status, conversation].map(Number).join('');
  const statements = new Map<string, Statement<unknown[], TaskRow>>();
  for (const owner of [true, false]) {
    for (const status of [true, false]) {
      for (const conversation of [true, false]) {
        const where = [
          ...(owner ? ['t.owner = ?'] : []),
          ...(status ? ['t.status = ?'] : []),
          ...(conversation ? ['t.conversation_id = ?'] : []),
          't.id < ?',
        ].join(' AND ');
        const sql = `${select} ${indexFor(owner, status, conversation)}
          WHERE ${where} ORDER BY t.id DESC LIMIT ?`;
        statements.set(keyOf(owner, status, conversation), connection.prepare(sql));
      }
    }
  }
  return ({ owner, status, conversationId }: Given): Statement<unknown[], TaskRow> => {
    const key = keyOf(owner !== undefined, status !== undefined, conversationId !== undefined);
    return statements.get(key) as Statement<unknown[], TaskRow>;
  };
}

function indexFor(owner: boolean, status: boolean, conversation: boolean): string {
  if (conversation) return 'INDEXED BY tasks_by_conversation';
  if (owner && status) return 'INDEXED BY tasks_by_owner_status';
  if (owner) return 'INDEXED BY tasks_by_owner';
  return status ? 'INDEXED BY tasks_by_status' : 'NOT INDEXED';
}
