import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from './lock.ts';

/** Full path of a program on PATH or in the system's directories; undefined if there is none. */
export function findProgram(name: string): string | undefined {
  const dirs = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return dirs.map((dir) => join(dir, name)).find(isExecutable);
}

/** Full path of `program`, from the Debian packages named if it is missing and we may install. */
export async function ensureProgram(program: string, ...packages: string[]): Promise<string> {
  const found = findProgram(program);
  if (found !== undefined) return found;
  if (process.getuid?.() !== 0 || !findProgram('apt-get')) {
    throw new Error(
      `${program} is missing. Install it (on Debian, as root: apt-get install ${packages.join(' ')}), then run this again.`,
    );
  }
  await withLock('apt', () => (findProgram(program) === undefined ? install(packages) : Promise.resolve()));
  const installed = findProgram(program);
  if (installed === undefined) throw new Error(`${packages.join(' ')} was installed, but there is still no ${program}`);
  return installed;
}

const run = promisify(execFile);
const policy = '/usr/sbin/policy-rc.d';
const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 64 << 20, timeout: 600_000 };
const apt = ['-y', '-q', '-o', 'DPkg::Lock::Timeout=300'];

async function install(packages: readonly string[]): Promise<void> {
  process.stderr.write(`installing ${packages.join(' ')}\n`);
  if (!hasLists()) await run('apt-get', [...apt, 'update'], options);
  const wasThere = existsSync(policy);
  // Nothing that is installed here may start as a service.
  if (!wasThere) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await installNow(packages);
  } finally {
    if (!wasThere) rmSync(policy, { force: true });
  }
}

/** Lists that are too old name packages that are gone: then, once more with new ones. */
async function installNow(packages: readonly string[]): Promise<void> {
  const args = [...apt, 'install', '--no-install-recommends', ...packages];
  try {
    await run('apt-get', args, options);
  } catch {
    await run('apt-get', [...apt, 'update'], options);
    await run('apt-get', args, options);
  }
}

function hasLists(): boolean {
  const lists = '/var/lib/apt/lists';
  return (
    existsSync(lists) && readdirSync(lists).some((name) => name.endsWith('_Packages') || name.includes('_Packages.'))
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
