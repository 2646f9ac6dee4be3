import { defineConfig } from 'vitest/config';

// What a page of the documentation shows, done: one environment after the other, each step in order.
export default defineConfig({
  test: {
    include: ['test/docs/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
