import { dirname } from 'node:path';
import type { DiskStep } from './disk-trace.ts';

/** A disk's own unit: it is written whole or not at all. */
const SECTOR_BYTES = 512;

/** `nothing` of what was not synced is kept, or `some` sectors of it, in no order. */
export type Luck = 'nothing' | 'some';

type Change = Extract<DiskStep, { kind: 'write' | 'truncate' }>;

interface File {
  /** What a loss of power leaves for sure. */
  synced: Buffer;
  /** Whether its name is sure to be in the directory. */
  named: boolean;
  unlinked: boolean;
  pending: Change[];
}

export interface FakeDisk {
  apply(step: DiskStep): void;
  /** The files as a machine finds them that lost its power now, by path. */
  afterPowerLoss(luck: Luck, random: () => number): Map<string, Buffer>;
}

/**
 * Keeps apart what a process wrote and what it made sure of. A sync of a file makes its writes sure,
 * and its name; a sync of a directory makes sure what was unlinked in it. That is what ext4 and XFS
 * do; POSIX promises less of names.
 */
export function createFakeDisk(): FakeDisk {
  const files = new Map<string, File>();
  const of = (path: string): File => {
    const known = files.get(path) ?? { synced: Buffer.alloc(0), named: false, unlinked: false, pending: [] };
    files.set(path, known);
    return known;
  };
  return {
    apply(step) {
      if (step.kind === 'write' || step.kind === 'truncate') {
        const file = of(step.path);
        // The name was given anew after an unlink.
        if (file.unlinked)
          files.set(step.path, { ...file, synced: Buffer.alloc(0), unlinked: false, pending: [] });
        of(step.path).pending.push(step);
      } else if (step.kind === 'unlink') {
        of(step.path).unlinked = true;
      } else if (step.kind === 'sync') {
        const file = files.get(step.path);
        if (file) {
          file.synced = file.pending.reduce(written, file.synced);
          file.pending = [];
          file.named = true;
        }
        for (const [path, other] of files)
          if (other.unlinked && dirname(path) === step.path) files.delete(path);
      }
    },
    afterPowerLoss(luck, random) {
      const left = new Map<string, Buffer>();
      for (const [path, { synced, named, unlinked, pending }] of files) {
        const lucky = (): boolean => luck === 'some' && random() < 0.5;
        if (unlinked ? lucky() : !named && !lucky()) continue;
        const kept = pending
          .flatMap((step): Change[] => (step.kind === 'write' ? sectors(step) : [step]))
          .filter(lucky);
        left.set(path, kept.reduce(written, Buffer.from(synced)));
      }
      return left;
    },
  };
}

/** The content after a write or a truncation. What lies between the old end and a write is zeros. */
function written(content: Buffer, step: Change): Buffer {
  if (step.kind === 'truncate') {
    if (step.length <= content.length) return Buffer.from(content.subarray(0, step.length));
    return Buffer.concat([content, Buffer.alloc(step.length - content.length)]);
  }
  const end = step.offset + step.data.length;
  const room = end <= content.length ? content : Buffer.concat([content, Buffer.alloc(end - content.length)]);
  step.data.copy(room, step.offset);
  return room;
}

type Write = Extract<DiskStep, { kind: 'write' }>;

/** The pieces of a write that a disk keeps or loses each on its own. */
function sectors({ path, offset, data }: Write): Write[] {
  const pieces: Write[] = [];
  let from = 0;
  while (from < data.length) {
    const to = Math.min(data.length, from + SECTOR_BYTES - ((offset + from) % SECTOR_BYTES));
    pieces.push({ kind: 'write', path, offset: offset + from, data: data.subarray(from, to) });
    from = to;
  }
  return pieces;
}
