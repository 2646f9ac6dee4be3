/**
 * Tasks whose messages are on their way at the same time. Within a task one follows the other, so
 * that fewer lanes than streams would make each stream wait for many answers of the bus.
 */
const LANES = 512;
/** The same where the task was only just stored: it hurries nobody, and many may come at once. */
const NEW_TASK_LANES = 64;

/** Which tasks publish now and which wait for it, each in one lane at a time. Numbers only. */
export interface OutboxLanes {
  /** Takes a task up behind the others; `waits` where it was only just stored. */
  add(task: number, waits?: boolean): void;
  /** Gives free lanes to those that wait, up to `most` in all. They begin before this returns. */
  fill(most?: number): void;
  isActive(task: number): boolean;
  /** Tasks that wait for a lane. */
  waiting(): number;
  /** Tasks that wait for a lane or have one. */
  size(): number;
}

/**
 * @param publish what a task does in its lane; never rejects
 * @param onFree is told of each lane that becomes free
 */
export function createOutboxLanes(publish: (task: number) => Promise<void>, onFree: () => void): OutboxLanes {
  const ready = new Set<number>();
  /** The same, of which nothing is known but that they were stored. They let all others pass. */
  const created = new Set<number>();
  const active = new Set<number>();
  /** Those of them that were only just stored. */
  const activeNew = new Set<number>();

  function fillFrom(tasks: Set<number>, takeLane: (task: number) => boolean): void {
    for (const task of tasks) {
      if (active.has(task)) continue;
      if (!takeLane(task)) return;
      tasks.delete(task);
      active.add(task);
      void run(task);
    }
  }

  async function run(task: number): Promise<void> {
    await publish(task);
    active.delete(task);
    activeNew.delete(task);
    onFree();
  }

  return {
    add(task, waits = false) {
      if (waits) created.add(task);
      else {
        created.delete(task);
        ready.add(task);
      }
    },
    fill(most = LANES) {
      fillFrom(ready, () => active.size < most);
      fillFrom(created, (task) => {
        if (active.size >= most || activeNew.size >= NEW_TASK_LANES) return false;
        activeNew.add(task);
        return true;
      });
    },
    isActive: (task) => active.has(task),
    waiting: () => ready.size + created.size,
    size: () => ready.size + created.size + active.size,
  };
}
