#!/usr/bin/env node
// npm test: everything from a fresh clone to the line `N passed, N failed`, with only Node and npm to begin with.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureModules, root } from './modules.mjs';

const result = join(root, '.cache', `test-result-${process.pid}.json`);
const vitest = [join('node_modules', 'vitest', 'vitest.mjs'), 'run', ...process.argv.slice(2)];
/** Those that need a network namespace of their own: only when all are run. */
const isolated = [join('lab', 'netns.mjs'), process.execPath, ...vitest];

mkdirSync(join(root, '.cache'), { recursive: true });
const prepared = haveModules() && run([join('lab', 'run.mjs'), join('lab', 'prepare.ts')]) && run(['build.mjs']);
const all = process.argv.length === 2;
const runs = prepared ? [counted(vitest), ...(all ? [counted(isolated)] : [])] : [{ passed: 0, failed: 1, skipped: 0 }];
const sum = (name) => runs.reduce((total, one) => total + one[name], 0);
const counts = { passed: sum('passed'), skipped: sum('skipped') };
const failed = sum('failed');
console.log(`\n${counts.passed} passed, ${failed} failed${counts.skipped ? `, ${counts.skipped} skipped` : ''}`);
process.exit(failed === 0 && counts.skipped === 0 && counts.passed > 0 ? 0 : 1);

function counted(args) {
  const passed = run(args);
  const counts = existsSync(result) ? JSON.parse(readFileSync(result, 'utf8')) : { passed: 0, failed: 1, skipped: 0 };
  rmSync(result, { force: true });
  return { ...counts, failed: passed ? counts.failed : Math.max(1, counts.failed) };
}

function haveModules() {
  try {
    ensureModules();
    return true;
  } catch (error) {
    console.error(error.message);
    return false;
  }
}

function run(args) {
  return (
    spawnSync(process.execPath, args, {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, CUTOVER_TEST_RESULT: result },
    }).status === 0
  );
}
