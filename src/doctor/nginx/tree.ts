import path from 'node:path';
import type { RunResult } from '../../ports.ts';
import { parseDirectives, type Directive } from './directive.ts';

/** Where its files are: this machine, or a container on it. */
export interface Source {
  read(file: string): Promise<string | undefined>;
  run(words: readonly string[]): Promise<RunResult>;
}

export interface Tree {
  directives: readonly Directive[];
  /** Files that this user may not read. */
  unread: readonly string[];
}

/** Deeper than anybody includes; nginx itself would stop a circle. */
const deepest = 8;

/** The whole configuration from its main file on. Relative includes start at the main file's folder. */
export async function readTree(host: Source, main: string): Promise<Tree> {
  const unread: string[] = [];
  const directives = await readInto(host, main, path.dirname(main), unread, 0);
  return { directives, unread };
}

async function readInto(
  host: Source,
  file: string,
  folder: string,
  unread: string[],
  depth: number,
): Promise<readonly Directive[]> {
  const text = await host.read(file).catch(() => void unread.push(file));
  if (typeof text !== 'string' || depth > deepest) return [];
  return expanded(host, parseDirectives(text, file), folder, unread, depth);
}

/** The include itself stays, with what it brought inside it. */
async function expanded(
  host: Source,
  found: readonly Directive[],
  folder: string,
  unread: string[],
  depth: number,
): Promise<readonly Directive[]> {
  return Promise.all(
    found.map(async (directive) => {
      if (directive.name !== 'include')
        return { ...directive, inside: await expanded(host, directive.inside, folder, unread, depth) };
      const files = await filesOf(host, path.resolve(folder, directive.words[0] ?? ''));
      const read = await Promise.all(files.map((file) => readInto(host, file, folder, unread, depth + 1)));
      return { ...directive, words: files, inside: read.flat() };
    }),
  );
}

async function filesOf(host: Source, pattern: string): Promise<readonly string[]> {
  if (!/[*?[]/.test(pattern)) return [pattern];
  const { stdout } = await host.run(['find', '-L', ...findWords(pattern)]);
  return stdout.split('\n').filter(Boolean).toSorted();
}

/** `*` of nginx's patterns never crosses a folder, and hidden files are left out. */
function findWords(pattern: string): readonly string[] {
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => /[*?[]/.test(part));
  const depth = String(parts.length - first);
  const start = parts.slice(0, first).join('/') || '/';
  return [start, '-mindepth', depth, '-maxdepth', depth, '-path', pattern, '!', '-name', '.*', '-type', 'f'];
}
