import { stat, statfs } from 'node:fs/promises';

/** What a database takes of its file system, in bytes. */
export interface Footprint {
  readonly bytes: number;
  readonly walBytes: number;
  /** What is left there to this process. */
  readonly freeBytes: number;
  /** Size of that file system. */
  readonly diskBytes: number;
}

/** Asked of the file system alone: it costs the same however large the database is. */
export async function readFootprint(path: string): Promise<Footprint> {
  const sizeOf = async (file: string): Promise<number> => {
    try {
      return (await stat(file)).size;
    } catch (error) {
      // Between two write-ahead logs there may be none.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return 0;
    }
  };
  const [bytes, walBytes, disk] = await Promise.all([sizeOf(path), sizeOf(`${path}-wal`), statfs(path)]);
  return { bytes, walBytes, freeBytes: disk.bavail * disk.bsize, diskBytes: disk.blocks * disk.bsize };
}
