import { defineConfig } from 'vitest/config';

// In Debian's chromium, one file after the other: frames are counted, and a second browser would take them.
export default defineConfig({
  test: {
    include: ['test/console/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000, interval: 50 } },
  },
});
