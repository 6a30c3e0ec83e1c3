import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';

/** So many files of a kind, the newest. */
const mostFiles = 20;
const longestFile = 4 * 1024 * 1024;
const longestName = 200;

/**
 * Where the user's own folder keeps what can be made again at any time. `kind` begins its name. Undefined where
 * nothing can be kept.
 */
export function keptFile(
  env: Readonly<Record<string, string | undefined>>,
  kind: string,
  of: string,
): string | undefined {
  const home = env['XDG_CACHE_HOME'];
  const base = home !== undefined && isAbsolute(home) ? home : env['HOME'] && join(env['HOME'], '.cache');
  if (!base || !isAbsolute(base) || process.getuid === undefined) return undefined;
  const name = `${kind}-${encodeURIComponent(of)}`;
  return name.length > longestName ? undefined : join(base, 'cutover', name);
}

/** Only a file that nobody else can have written is believed. Trouble with it is never an error. */
export function readKept(path: string): Buffer | undefined {
  try {
    if (!isPrivate(lstatSync(dirname(path)), 'directory')) return undefined;
    const handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = fstatSync(handle);
      return isPrivate(found, 'file') && found.size <= longestFile ? readFileSync(handle) : undefined;
    } finally {
      closeSync(handle);
    }
  } catch {
    return undefined;
  }
}

/** What is kept may be private, so nobody else can read it. Trouble with it is no error: it is made again. */
export function keep(path: string, content: string | Uint8Array): void {
  const directory = dirname(path);
  const temporary = join(directory, `.${process.pid}.tmp`);
  try {
    if (!ownsPlaceOf(directory)) return;
    makePrivate(dirname(directory));
    makePrivate(directory);
    if (!isPrivate(lstatSync(directory), 'directory')) return;
    rmSync(temporary, { force: true });
    writeFileSync(temporary, content, { flag: 'wx', mode: 0o600 });
    renameSync(temporary, path);
    prune(directory, `${basename(path).split('-')[0]}-`);
  } catch {
    discard(temporary);
  }
}

/** Changes with every build and install: both write into the folder. Installers set the time of change to what they like, but not the inode's own. */
export function identityOfProgram(file: string): string {
  const seen = [dirname(file), file].map((name) => statSync(name));
  return JSON.stringify([file, ...seen.map(({ ctimeMs, ino }) => [ctimeMs, ino])]);
}

function discard(temporary: string): void {
  try {
    rmSync(temporary, { force: true });
  } catch {}
}

/** One level at a time: Node's recursive way never returns where the kernel answers ENOENT, as below /proc. */
function makePrivate(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

interface Stats {
  readonly uid: number;
  readonly mode: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

function isPrivate(stats: Stats, kind: 'file' | 'directory'): boolean {
  const right = kind === 'file' ? stats.isFile() : stats.isDirectory();
  return right && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0;
}

/** Under sudo the home may be somebody else's: root's folders would lock its owner out. */
function ownsPlaceOf(directory: string): boolean {
  const above = dirname(directory);
  const found = statSync(above, { throwIfNoEntry: false });
  if (found !== undefined) return found.uid === process.getuid?.();
  return above !== directory && ownsPlaceOf(above);
}

function prune(directory: string, kind: string): void {
  const names = readdirSync(directory).filter((name) => name.startsWith(kind));
  if (names.length <= mostFiles) return;
  const aged = names.map((name) => ({ name, at: lstatSync(join(directory, name)).mtimeMs }));
  for (const { name } of aged.toSorted((a, b) => b.at - a.at).slice(mostFiles))
    rmSync(join(directory, name), { force: true });
}
