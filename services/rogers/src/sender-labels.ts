import type { Connection as Database } from '@mad-group/tasks';
import { MAX_LABELS, OTHER_SENDERS } from './migrations.ts';

/** Which senders have a label of their own in metrics. */
export interface SenderLabels {
  /** Gives a label to senders that have none, in their order, while there are any left. Within a transaction. */
  take(counts: Iterable<{ readonly senderId: string }>): void;
  /** That transaction is committed: what it gave is seen from now on. */
  committed(): void;
  of(senderId: string): string;
}

/** The first come have labels, for good; the table says who. */
export function createSenderLabels(database: Database): SenderLabels {
  const read = database.prepare<[], { sender_id: string }>('SELECT sender_id FROM labelled_senders');
  const add = database.prepare<[string]>('INSERT OR IGNORE INTO labelled_senders VALUES (?)');
  const stored = (): Set<string> => new Set(read.all().map(({ sender_id }) => sender_id));
  let labelled = stored();
  let changed = false;

  return {
    take(counts) {
      if (labelled.size >= MAX_LABELS) return;
      const all = new Set(labelled);
      for (const { senderId } of counts) {
        if (all.size >= MAX_LABELS) return;
        if (senderId === OTHER_SENDERS || all.has(senderId)) continue;
        all.add(senderId);
        add.run(senderId);
        changed = true;
      }
    },
    committed() {
      if (changed) labelled = stored();
      changed = false;
    },
    of: (senderId) => (labelled.has(senderId) ? senderId : OTHER_SENDERS),
  };
}
