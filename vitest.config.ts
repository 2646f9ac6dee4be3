import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{packages,services,test,bench}/**/*.test.ts'],
    // Each of these has a command of its own.
    exclude: ['**/node_modules/**', 'test/{llm,faults,charts,metrics,operator,e2e,console,docs}/**'],
    // Tests start processes and servers of their own; more at once only makes them wait.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000, interval: 50 } },
  },
});
