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
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from './config.ts';

const keptFiles = 20;
const longestEntry = 4 * 1024 * 1024;
const longestName = 200;

/** Where the parsed form of a configuration is kept, and all that it was made from. */
export interface Cache {
  readonly path: string;
  readonly source: readonly [program: string, file: string, text: string];
}

interface Entry {
  readonly source: Cache['source'];
  readonly config: Config;
}

/**
 * A place that is private to the user. What it was made from is kept with it and compared, so it is
 * never stale. Undefined where nothing can be kept. Trouble with it is never an error.
 */
export function findCache(
  { file, text }: { readonly file: string; readonly text: string },
  env: Readonly<Record<string, string | undefined>>,
): Cache | undefined {
  const home = env['XDG_CACHE_HOME'];
  const base = home !== undefined && isAbsolute(home) ? home : env['HOME'] && join(env['HOME'], '.cache');
  if (!base || !isAbsolute(base) || process.getuid === undefined) return undefined;
  const name = encodeURIComponent(file);
  if (name.length > longestName) return undefined;
  return { path: join(base, 'cutover', `config-${name}.json`), source: [programIdentity(), file, text] };
}

/** Only a file that nobody else can have written is believed. */
export function readCache({ path, source }: Cache): Config | undefined {
  try {
    if (!isPrivate(lstatSync(dirname(path)), 'directory')) return undefined;
    const handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = fstatSync(handle);
      if (!isPrivate(found, 'file') || found.size > longestEntry) return undefined;
      const kept = JSON.parse(readFileSync(handle, 'utf8')) as Partial<Entry>;
      return source.every((word, index) => kept.source?.[index] === word) ? kept.config : undefined;
    } finally {
      closeSync(handle);
    }
  } catch {
    return undefined;
  }
}

/** Keeps a configuration. `env` may hold what is private, so nobody else can read it. */
export function writeCache({ path, source }: Cache, config: Config): void {
  const directory = dirname(path);
  const temporary = join(directory, `.${process.pid}.tmp`);
  try {
    if (!ownsPlaceOf(directory)) return;
    makePrivate(dirname(directory));
    makePrivate(directory);
    if (!isPrivate(lstatSync(directory), 'directory')) return;
    rmSync(temporary, { force: true });
    writeFileSync(temporary, JSON.stringify({ source, config } satisfies Entry), { flag: 'wx', mode: 0o600 });
    renameSync(temporary, path);
    prune(directory);
  } catch {
    discard(temporary);
  }
}

/** Trouble with that is no error either: the next command reads the configuration itself again. */
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

function prune(directory: string): void {
  const names = readdirSync(directory).filter((name) => /^config-.*\.json$/.test(name));
  if (names.length <= keptFiles) return;
  const aged = names.map((name) => ({ name, at: lstatSync(join(directory, name)).mtimeMs }));
  for (const { name } of aged.toSorted((a, b) => b.at - a.at).slice(keptFiles))
    rmSync(join(directory, name), { force: true });
}

/** Changes with every build and install: both write into the folder. Installers set the time of change to what they like, but not the inode's own. */
function programIdentity(): string {
  const file = fileURLToPath(import.meta.url);
  const seen = [dirname(file), file].map((name) => statSync(name));
  return JSON.stringify([file, ...seen.map(({ ctimeMs, ino }) => [ctimeMs, ino])]);
}
