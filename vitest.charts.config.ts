import { defineConfig } from 'vitest/config';

// Needs helm, helm-unittest and kubeconform on the PATH.
export default defineConfig({
  test: { include: ['test/charts/**/*.test.ts'], pool: 'forks', fileParallelism: false, testTimeout: 60_000 },
});
