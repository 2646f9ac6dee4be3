import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/llm/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
