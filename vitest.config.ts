import { defineConfig } from 'vitest/config';
import { createCountingReporter } from './lab/counting-reporter.ts';

/** An engine makes a bridge and firewall rules, a switch in the kernel rules of its own: their tests run where these are nobody else's: `node lab/netns.mjs`. */
const inNetns = process.env['CUTOVER_LAB_NETNS'] === '1';

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
          include: inNetns ? [] : ['test/**/*.test.ts'],
          exclude: ['test/integration/**', 'test/ssh/**', 'test/docker/**', 'test/l4/**'],
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
          include: inNetns ? ['test/{docker,l4}/**/*.test.ts'] : ['test/{integration,ssh}/**/*.test.ts'],
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
