import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from './config.ts';

const keptFiles = 20;
const longestEntry = 4 * 1024 * 1024;

/**
 * Where the parsed form of this text is kept: private to the user, named by what it depends on,
 * so it is never stale. Undefined where nothing can be kept. Trouble with it is never an error.
 */
export async function findCache(
  { file, text }: { readonly file: string; readonly text: string },
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const home = env['XDG_CACHE_HOME'];
  const base = home !== undefined && isAbsolute(home) ? home : env['HOME'] && join(env['HOME'], '.cache');
  if (!base || !isAbsolute(base) || process.getuid === undefined) return undefined;
  const program = await programIdentity().catch(() => undefined);
  if (program === undefined) return undefined;
  const key = createHash('sha256')
    .update(JSON.stringify([program, file, text]))
    .digest('hex');
  return join(base, 'cutover', `config-${key}.json`);
}

/** Only a file that nobody else can have written is believed. */
export async function readCache(path: string, file: string): Promise<Config | undefined> {
  try {
    if (!isPrivate(await lstat(dirname(path)), 'directory')) return undefined;
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const found = await handle.stat();
      if (!isPrivate(found, 'file') || found.size > longestEntry) return undefined;
      const kept: unknown = JSON.parse(await handle.readFile('utf8'));
      return isConfigOf(kept, file) ? kept : undefined;
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

/** Keeps a configuration. `env` may hold what is private, so nobody else can read it. */
export async function writeCache(path: string, config: Config): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.${randomUUID()}`);
  try {
    if (!(await ownsPlaceOf(directory))) return;
    await makePrivate(dirname(directory));
    await makePrivate(directory);
    if (!isPrivate(await lstat(directory), 'directory')) return;
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(JSON.stringify(config));
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await prune(directory);
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

/** One level at a time: Node's recursive way never returns where the kernel answers ENOENT, as below /proc. */
async function makePrivate(directory: string): Promise<void> {
  await mkdir(directory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
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
async function ownsPlaceOf(directory: string): Promise<boolean> {
  const above = dirname(directory);
  const found = await stat(above).catch(() => undefined);
  if (found !== undefined) return found.uid === process.getuid?.();
  return above !== directory && ownsPlaceOf(above);
}

/** The text is in the name, so a match of the file is enough to know it is whole and ours. */
function isConfigOf(kept: unknown, file: string): kept is Config {
  return (
    typeof kept === 'object' &&
    kept !== null &&
    'file' in kept &&
    kept.file === file &&
    'app' in kept &&
    'router' in kept
  );
}

async function prune(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => /^config-[0-9a-f]{64}\.json$/.test(name));
  if (names.length <= keptFiles) return;
  const aged = await Promise.all(
    names.map(async (name) => ({ name, at: (await lstat(join(directory, name))).mtimeMs })),
  );
  const old = aged.toSorted((a, b) => b.at - a.at).slice(keptFiles);
  await Promise.all(old.map(({ name }) => rm(join(directory, name), { force: true })));
}

/** Changes with every build and install. Installers set the time of change to what they like, but not the inode's own. */
async function programIdentity(): Promise<string> {
  const folder = dirname(fileURLToPath(import.meta.url));
  const names = (await readdir(folder)).filter((name) => /\.[cm]?[jt]s$/.test(name)).toSorted();
  const seen = await Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs, ctimeMs } = await stat(join(folder, name));
      return [name, size, mtimeMs, ctimeMs];
    }),
  );
  return JSON.stringify([folder, seen]);
}
