import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** Leaves the counts for the closing line of `npm test` in the file that CUTOVER_TEST_RESULT names. */
export function createCountingReporter(): Reporter {
  return {
    onTestRunEnd: (modules, unhandled) => {
      const file = process.env['CUTOVER_TEST_RESULT'];
      if (file === undefined) return;
      const counts = { passed: 0, failed: unhandled.length, skipped: 0 };
      for (const module of modules) count(module, counts);
      writeFileSync(file, JSON.stringify(counts));
    },
  };
}

function count(module: TestModule, counts: { passed: number; failed: number; skipped: number }): void {
  // A file that could not be loaded, or whose hooks failed, has failed even if no test of it has.
  const before = counts.failed;
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    counts[state === 'pending' ? 'skipped' : state] += 1;
  }
  if (module.state() === 'failed' && counts.failed === before) counts.failed += 1;
}
