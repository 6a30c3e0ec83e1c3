import { fileURLToPath } from 'node:url';
import { identityOfProgram, keep, keptFile, readKept } from '../lib/kept-files.ts';
import type { Config } from './config.ts';

/** Where the parsed form of a configuration is kept, and all that it was made from. */
export interface Cache {
  readonly path: string;
  readonly source: readonly [program: string, file: string, text: string];
}

interface Entry {
  readonly source: Cache['source'];
  readonly config: Config;
}

/** What it was made from is kept with it and compared, so it is never stale. Undefined where nothing can be kept. */
export function findCache(
  { file, text }: { readonly file: string; readonly text: string },
  env: Readonly<Record<string, string | undefined>>,
): Cache | undefined {
  const path = keptFile(env, 'config', file);
  if (path === undefined) return undefined;
  return { path, source: [identityOfProgram(fileURLToPath(import.meta.url)), file, text] };
}

export function readCache({ path, source }: Cache): Config | undefined {
  try {
    const kept = JSON.parse(readKept(path)?.toString() ?? '{}') as Partial<Entry>;
    return source.every((word, index) => kept.source?.[index] === word) ? kept.config : undefined;
  } catch {
    return undefined;
  }
}

export function writeCache({ path, source }: Cache, config: Config): void {
  keep(path, JSON.stringify({ source, config } satisfies Entry));
}
