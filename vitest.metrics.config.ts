import { defineConfig } from 'vitest/config';

// Needs prometheus and promtool on the PATH. Its tests share a group, and take their steps in order.
export default defineConfig({
  test: {
    include: ['test/metrics/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 250 } },
  },
});
