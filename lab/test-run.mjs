import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './modules.mjs';

let number = 0;

/**
 * Certificates of a proxy that downloads go through: every Node reads them at its start, which takes longer than all
 * else it does then. What tests need has been downloaded before.
 */
const quickStart = { NODE_EXTRA_CA_CERTS: undefined };

/** Of a run that left no counts. */
export const noResult = { passed: 0, failed: 1, skipped: 0, failures: [] };

/** Runs vitest; tells how many tests passed, failed and were skipped, and which failed. With a name, every line of its begins with it. */
export async function count({ name, argv }) {
  const result = join(root, '.cache', `test-result-${process.pid}-${(number += 1)}.json`);
  const began = performance.now();
  const passed = await run(argv, { name, env: { CUTOVER_TEST_RESULT: result, ...quickStart } });
  if (name) console.log(`${name}: ${Math.round((performance.now() - began) / 1000)} s`);
  const counts = existsSync(result) ? JSON.parse(readFileSync(result, 'utf8')) : noResult;
  rmSync(result, { force: true });
  return { ...counts, failed: passed ? counts.failed : Math.max(1, counts.failed) };
}

/** Runs a program of Node; tells whether it ended well. */
export function run(argv, { name, env = {} } = {}) {
  const stdio = name ? ['ignore', 'pipe', 'pipe'] : 'inherit';
  const child = spawn(process.execPath, argv, { cwd: root, stdio, env: { ...process.env, ...env } });
  for (const stream of name ? [child.stdout, child.stderr] : [])
    createInterface({ input: stream }).on('line', (line) => console.log(`${name} │ ${line}`));
  return new Promise((resolve) => {
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}
