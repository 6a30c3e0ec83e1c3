import { defineConfig } from 'vitest/config';
import { createCountingReporter } from './lab/counting-reporter.ts';

export default defineConfig({
  test: {
    pool: 'forks',
    reporters: ['default', createCountingReporter()],
    globalSetup: ['lab/vitest-setup.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**'],
          testTimeout: 30_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // They measure: one at a time, nothing beside them. Only a bug takes this long.
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 900_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
