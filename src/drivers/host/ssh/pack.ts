import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '../run.ts';

export interface Packed {
  file: string;
  folder: boolean;
  /** Octal, of a file. */
  mode: string;
}

const archives = new Map<string, Promise<string>>();

/** A file as it is; a folder as an archive of what its links point to, made once however many servers it goes to. */
export async function packed(source: string): Promise<Packed> {
  const seen = statSync(source);
  if (!seen.isDirectory()) return { file: source, folder: false, mode: (seen.mode & 0o777).toString(8) };
  const known = archives.get(source) ?? archive(source);
  archives.set(source, known);
  return { file: await known, folder: true, mode: '' };
}

/** In the order of the names, so that the same folder gives the same archive. */
async function archive(source: string): Promise<string> {
  const temporary = mkdtempSync(path.join(tmpdir(), 'cutover-archive-'));
  process.on('exit', () => rmSync(temporary, { recursive: true, force: true }));
  const file = path.join(temporary, 'archive.tar');
  const argv = ['tar', '-C', source, '-h', '--no-recursion', '--null', '-T', '-', '-cf', file];
  const { code, stderr } = await run(argv, { input: `${namesIn(source, '.').join('\0')}\0`, deadline: 1_800_000 });
  if (code === 0) return file;
  throw new Error(`tar: ${stderr.trim()}`);
}

function namesIn(root: string, inside: string): string[] {
  const names = readdirSync(path.join(root, inside)).toSorted();
  return names.flatMap((name) => {
    const at = `${inside}/${name}`;
    return statSync(path.join(root, at)).isDirectory() ? [at, ...namesIn(root, at)] : [at];
  });
}
