import { defineConfig } from 'vitest/config';

// Needs etcd, kube-apiserver and kubectl in the folder KUBEBUILDER_ASSETS, and helm on the PATH; promtool is installed.
export default defineConfig({
  test: {
    include: ['test/operator/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    // An API server takes 10 s to start, and several times that where the machine is busy.
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000, interval: 100 } },
  },
});
