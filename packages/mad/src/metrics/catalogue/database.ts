import type { MetricSpec } from './spec.ts';

/** What the MADs tell that keep an SQLite file. */
export const DATABASE = {
  mad_database_write_duration_seconds: {
    type: 'histogram',
    help: 'How long a write transaction took: synced to the disk, or relaxed, which no commit waits for the disk.',
    labels: ['mad', 'durability'],
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  },
  mad_database_bytes: {
    type: 'gauge',
    help: 'Size of the database file, without its write-ahead log.',
    labels: ['mad'],
  },
  mad_database_wal_bytes: { type: 'gauge', help: 'Size of the write-ahead log.', labels: ['mad'] },
  mad_disk_free_bytes: {
    type: 'gauge',
    help: 'Room that is left to the MAD on the file system of its database.',
    labels: ['mad'],
  },
  mad_disk_size_bytes: { type: 'gauge', help: 'Size of that file system.', labels: ['mad'] },
} as const satisfies Record<string, MetricSpec>;
