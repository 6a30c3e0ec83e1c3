#!/usr/bin/env node
// npm test: everything from a fresh clone to the line `N passed, N failed`, with only Node and npm to begin with.
// npm test -- FILE… runs a part, without a network namespace of its own.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureModules, root } from './modules.mjs';
import { count, noResult, run } from './test-run.mjs';

const vitest = [join('node_modules', 'vitest', 'vitest.mjs'), 'run'];
const project = (name) => ({ name, argv: [...vitest, `--project=${name}`] });
/** In a network namespace of its own. */
const isolated = (name) => ({ name, argv: [join('lab', 'netns.mjs'), process.execPath, ...project(name).argv] });

/** Projects of vitest.config.ts of which any two may run beside each other, in this order neither lane waits long for the other. */
const beside = [
  isolated('docker'),
  project('ssh'),
  project('integration'),
  project('systemd'),
  project('unit'),
  isolated('l4'),
];
/** What measures comes after them: either leaves the other a core, and nothing else runs. */
const last = [project('measured'), { ...isolated('measured'), name: 'measured in a namespace' }];

mkdirSync(join(root, '.cache'), { recursive: true });
const runs = (await isPrepared()) ? await counted(process.argv.slice(2)) : [noResult];
const sum = (name) => runs.reduce((total, one) => total + one[name], 0);
const failures = runs.flatMap((one) => one.failures);
if (failures.length > 0) console.log(`\nfailed:\n${failures.map((each) => `  ${each}`).join('\n')}`);
const [passed, failed, skipped] = [sum('passed'), sum('failed'), sum('skipped')];
console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
process.exit(failed === 0 && skipped === 0 && passed > 0 ? 0 : 1);

async function isPrepared() {
  try {
    ensureModules();
  } catch (error) {
    console.error(error.message);
    return false;
  }
  return (await run([join('lab', 'run.mjs'), join('lab', 'prepare.ts')])) && (await run(['build.mjs']));
}

async function counted(words) {
  if (words.length > 0) return [await count({ argv: [...vitest, ...words] })];
  return [...(await inTwoLanes(beside)), ...(await inTwoLanes(last))];
}

async function inTwoLanes(projects) {
  const counts = [];
  const left = [...projects];
  const lane = async () => {
    for (let next = left.shift(); next; next = left.shift()) counts.push(await count(next));
  };
  await Promise.all([lane(), lane()]);
  return counts;
}
