import type { Durability, StateDatabase } from '@mad-group/tasks';
import type { MadMetrics } from '../metrics.ts';

/** For `openDatabase`: takes down how long each write of one MAD took. */
export function databaseWrites(
  metrics: MadMetrics,
  madId: string,
): (durability: Durability, durationMs: number) => void {
  const labels = {
    synced: { mad: madId, durability: 'synced' },
    relaxed: { mad: madId, durability: 'relaxed' },
  };
  for (const each of Object.values(labels)) metrics.expect('mad_database_write_duration_seconds', each);
  return (durability, durationMs) =>
    metrics.observe('mad_database_write_duration_seconds', labels[durability], durationMs / 1000);
}

/** Looks at the files of one MAD's database, and at their disk, at each scrape. */
export function watchDatabase(
  metrics: MadMetrics,
  madId: string,
  database: Pick<StateDatabase, 'footprint'>,
): () => void {
  const mad = { mad: madId };
  return metrics.onScrape(async () => {
    const { bytes, walBytes, freeBytes, diskBytes } = await database.footprint();
    metrics.set('mad_database_bytes', mad, bytes);
    metrics.set('mad_database_wal_bytes', mad, walBytes);
    metrics.set('mad_disk_free_bytes', mad, freeBytes);
    metrics.set('mad_disk_size_bytes', mad, diskBytes);
  });
}
