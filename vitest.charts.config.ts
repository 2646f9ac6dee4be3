import { defineConfig } from 'vitest/config';

// Needs helm, helm-unittest, kubeconform and promtool on the PATH; the last is installed.
export default defineConfig({
  test: { include: ['test/charts/**/*.test.ts'], pool: 'forks', fileParallelism: false, testTimeout: 60_000 },
});
