import { defineConfig } from 'vitest/config';

// On a cluster, and on a Docker engine: one file after the other, each with its steps in order.
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    globalSetup: 'test/e2e/leftovers.ts',
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 60_000, interval: 250 } },
  },
});
