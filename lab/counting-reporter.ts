import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { root } from './paths.ts';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** One line each: where, and the first line of why. */
  readonly failures: string[];
}

/** Leaves the counts for the closing lines of `npm test` in the file that CUTOVER_TEST_RESULT names. */
export function createCountingReporter(): Reporter {
  return {
    onTestRunEnd: (modules, unhandled) => {
      const file = process.env['CUTOVER_TEST_RESULT'];
      if (file === undefined) return;
      const counts: Counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
      for (const error of unhandled) addFailure(counts, 'outside any test', [error]);
      for (const module of modules) count(module, counts);
      writeFileSync(file, JSON.stringify(counts));
    },
  };
}

function count(module: TestModule, counts: Counts): void {
  // A file that could not be loaded, or whose hooks failed, has failed even if no test of it has.
  const before = counts.failed;
  const file = relative(root, module.moduleId);
  for (const test of module.children.allTests()) countTest(file, test, counts);
  if (module.state() === 'failed' && counts.failed === before) addFailure(counts, file, errorsOf(module));
}

function countTest(file: string, test: TestCase, counts: Counts): void {
  const { state, errors } = test.result();
  if (state === 'failed') addFailure(counts, `${file} > ${test.fullName}`, errors);
  else counts[state === 'pending' ? 'skipped' : state] += 1;
}

/** Those of the file itself and of the hooks of its suites. */
function errorsOf(module: TestModule): readonly { readonly message: string }[] {
  return [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())];
}

function addFailure(counts: Counts, where: string, errors: readonly { readonly message: string }[]): void {
  counts.failed += 1;
  counts.failures.push(`${where}: ${errors[0]?.message.split('\n')[0] ?? 'no reason given'}`);
}
