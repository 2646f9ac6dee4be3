interface Pending {
  readonly work: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommit {
  /** Runs the work in the next group. Resolves when that is committed; a throw undoes this work alone. */
  run<T>(work: () => T): Promise<T>;
  /** Commits at once what is waiting. */
  flush(): void;
}

/** Most works in one transaction, so that none of them waits long for the others. */
const MAX_GROUP = 512;

/**
 * Puts the writes of one turn of the event loop into one transaction, since each commit costs a
 * sync of the disk: five hundred submissions at once are a handful of syncs.
 *
 * @param transaction runs its work in a transaction, or, within one, behind a savepoint
 * @param inTransaction whether one is open; SQLite itself ends it at some errors, as a full disk
 */
export function createGroupCommit(
  transaction: <T>(work: () => T) => T,
  inTransaction: () => boolean,
): GroupCommit {
  let queue: Pending[] = [];
  let scheduled: NodeJS.Immediate | undefined;

  function schedule(): void {
    scheduled ??= setImmediate(() => {
      scheduled = undefined;
      commit();
      if (queue.length > 0) schedule();
    });
  }

  function commit(): void {
    const group = queue.slice(0, MAX_GROUP);
    queue = queue.slice(MAX_GROUP);
    if (group.length === 0) return;
    let settle: (() => void)[] = [];
    try {
      transaction(() => {
        for (const pending of group) settle.push(attempt(pending));
      });
    } catch (error) {
      settle = group.map(
        ({ reject }) =>
          () =>
            reject(error),
      );
    }
    for (const tell of settle) tell();
  }

  function attempt({ work, resolve, reject }: Pending): () => void {
    try {
      const value = transaction(work);
      return () => resolve(value);
    } catch (error) {
      if (!inTransaction()) throw error;
      return () => reject(error);
    }
  }

  return {
    run<T>(work: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        queue.push({ work, resolve: resolve as (value: unknown) => void, reject });
        schedule();
      });
    },
    flush() {
      if (scheduled) clearImmediate(scheduled);
      scheduled = undefined;
      while (queue.length > 0) commit();
    },
  };
}
