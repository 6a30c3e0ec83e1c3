import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { Failure } from '../core/failure.ts';
import { findCache, readCache, writeCache } from './cache.ts';
import type { Config } from './config.ts';

export interface LoadOptions {
  /** File named by the user; otherwise `cutover.yaml` or `cutover.yml` in `cwd`. */
  readonly file?: string | undefined;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Nobody writes a longer one by hand. */
const longestFile = 1024 * 1024;

/**
 * Reads the configuration. Imports of the schema and of YAML cost more than a whole rollback,
 * so what was read once is kept, and they are imported only for a text that is new.
 */
export async function loadConfig({ file, cwd, env }: LoadOptions): Promise<Config> {
  const found = file === undefined ? await findFile(cwd) : await readNamed(resolve(cwd, file));
  const cache = findCache(found, env);
  const kept = cache && readCache(cache);
  if (kept) return kept;
  const { parseConfig } = await import('./parse.ts');
  const config = parseConfig(found.file, found.text);
  if (cache) writeCache(cache, config);
  return config;
}

interface Found {
  readonly file: string;
  readonly text: string;
}

async function findFile(cwd: string): Promise<Found> {
  const files = ['cutover.yaml', 'cutover.yml'].map((name) => resolve(cwd, name));
  const texts = await Promise.all(files.map(readText));
  const found = files.flatMap((file, index) => {
    const text = texts[index];
    return text === undefined ? [] : [{ file, text }];
  });
  const [first, second] = found;
  if (first === undefined)
    throw notFound(
      `there is no cutover.yaml in ${cwd}`,
      'type `cutover init` to write one, or name one with --config FILE',
    );
  if (second === undefined) return first;
  throw new Failure({
    code: 'CONFIG_INVALID',
    what: `there are both cutover.yaml and cutover.yml in ${cwd}`,
    fix: 'keep one of them, or name one with --config FILE',
    exit: 3,
  });
}

async function readNamed(file: string): Promise<Found> {
  const text = await readText(file);
  if (text === undefined) throw notFound(`there is no file ${file}`, 'see the path after --config');
  return { file, text };
}

function notFound(what: string, fix: string): Failure {
  return new Failure({ code: 'CONFIG_NOT_FOUND', what, fix, exit: 3 });
}

async function readText(file: string): Promise<string | undefined> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw unreadable(
      file,
      error.code === 'EISDIR' ? 'it is a folder' : error.message,
      error.code === 'EACCES' ? 'make it readable for the user who deploys' : undefined,
    );
  });
  if (bytes === undefined) return undefined;
  if (bytes.length > longestFile) throw unreadable(file, 'it is larger than 1 MB');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unreadable(file, 'it is not UTF-8 text');
  }
}

function unreadable(file: string, why: string, fix?: string): Failure {
  return new Failure({
    code: 'CONFIG_UNREADABLE',
    what: `${basename(file)} cannot be read`,
    why: `${file}: ${why}`,
    fix,
    exit: 3,
  });
}
