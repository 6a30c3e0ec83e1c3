import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** A directory below `.cache/`, made if it is missing. */
export function cacheDir(...names: string[]): string {
  const dir = join(root, '.cache', ...names);
  mkdirSync(dir, { recursive: true });
  return dir;
}
