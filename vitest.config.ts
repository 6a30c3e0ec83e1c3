import { defineConfig } from 'vitest/config';
import { createCountingReporter } from './lab/counting-reporter.ts';

/** An engine makes a bridge and firewall rules, a switch in the kernel rules of its own: their tests run where these are nobody else's: `node lab/netns.mjs`. */
const inNetns = process.env['CUTOVER_LAB_NETNS'] === '1';

/** They measure times, gaps or ratios: only these two groups run beside each other. */
const measured = inNetns
  ? ['docker/edge-modes', 'l4/old-connections', 'l4/router', 'l4/thousand', 'l4/pools'].map(
      (name) => `test/${name}.test.ts`,
    )
  : ['death', 'nginx-adopted', 'nginx-keepalive', 'nginx-traffic', 'systemd-crash'].map(
      (name) => `test/integration/${name}.test.ts`,
    );
const systemd = 'test/integration/systemd*.test.ts';

/** On real components, one file at a time; `npm test` runs two such projects beside each other. Only a bug takes this long. */
const onRealOnes = (name: string, order: number, include: readonly string[], exclude: readonly string[] = []) => ({
  extends: true as const,
  test: {
    name,
    include: [...include],
    exclude: [...exclude],
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 900_000,
    sequence: { groupOrder: order },
  },
});

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
      onRealOnes('systemd', 1, inNetns ? [] : [systemd], measured),
      onRealOnes('integration', 2, inNetns ? [] : ['test/integration/**/*.test.ts'], [...measured, systemd]),
      onRealOnes('ssh', 6, inNetns ? [] : ['test/ssh/**/*.test.ts']),
      onRealOnes('docker', 3, inNetns ? ['test/docker/**/*.test.ts'] : [], measured),
      onRealOnes('l4', 4, inNetns ? ['test/l4/**/*.test.ts'] : [], measured),
      onRealOnes('measured', 5, measured),
    ],
  },
});
