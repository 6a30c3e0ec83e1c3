#!/usr/bin/env node
// node lab/run.mjs FILE.ts args… runs a TypeScript file on a machine that has only Node and npm.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { ensureModules } from './modules.mjs';

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node lab/run.mjs FILE.ts args…');
  process.exit(2);
}
ensureModules();
const tsx = import.meta.resolve('tsx');
const child = spawn(process.execPath, ['--import', tsx, resolve(file), ...args], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // A terminal sends Ctrl-C to the child as well.
  process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)));
}
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 1)));
