// Reads the state of one task, again and again: through Fiedler, or from its file with nothing between.
import { connectTools } from '@mad-group/mad';
import Database from 'better-sqlite3';
import { serveDuties } from '../kit/worker.ts';

async function timed(count: number, read: () => unknown): Promise<number[]> {
  const tookMs: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const startedMs = performance.now();
    await read();
    tookMs.push(performance.now() - startedMs);
  }
  return tookMs;
}

serveDuties({
  async throughFiedler({ url, taskId, count }: { url: string; taskId: string; count: number }) {
    const tools = await connectTools(url);
    const tookMs = await timed(count, () =>
      tools.callOrThrow('fiedler_get_task_status', { task_id: taskId }),
    );
    await tools.close();
    return tookMs;
  },
  async fromFile({ path, taskId, count }: { path: string; taskId: string; count: number }) {
    const database = new Database(path, { readonly: true });
    const select = database.prepare('SELECT * FROM tasks WHERE task_id = ?');
    const tookMs = await timed(count, () => select.get(taskId));
    database.close();
    return tookMs;
  },
});
