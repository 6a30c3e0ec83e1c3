import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { exitCodes, Failure } from '../core/failure.ts';

/** The one file or folder that a pattern means. Of jars that must start by themselves, the one that can. */
export async function findArtifact(pattern: string, startsItself: boolean): Promise<string> {
  const found = await expanded(pattern);
  const candidates = startsItself && found.some((file) => file.endsWith('.jar')) ? await bootable(found) : found;
  const [only, ...others] = candidates;
  if (only === undefined) throw notFound(pattern, found);
  if (others.length > 0) throw severalFound(pattern, candidates);
  return only;
}

/** Jars that have a Main-Class. A single one that has none is told apart from no jar at all. */
async function bootable(files: readonly string[]): Promise<readonly string[]> {
  const jars = files.filter((file) => file.endsWith('.jar') && !/-(plain|sources|javadoc|tests)\.jar$/.test(file));
  const { isBootable } = await import('./jar.ts');
  const judged = await Promise.all(jars.map(async (file) => ({ file, fits: await isBootable(file) })));
  return judged.filter(({ fits }) => fits).map(({ file }) => file);
}

/** `*` stands for any part of one name in the path, as in a shell; hidden names are left out. */
async function expanded(pattern: string): Promise<readonly string[]> {
  const [root = '', ...segments] = pattern.split('/');
  let folders = [root === '' ? '/' : root];
  for (const segment of segments.filter(Boolean)) {
    const deeper = await Promise.all(folders.map((folder) => matching(folder, segment)));
    folders = deeper.flat();
  }
  return folders.toSorted();
}

async function matching(folder: string, segment: string): Promise<string[]> {
  if (!segment.includes('*')) {
    const whole = path.join(folder, segment);
    return (await stat(whole).catch(() => undefined)) ? [whole] : [];
  }
  const shape = new RegExp(`^${segment.split('*').map(escaped).join('[^/]*')}$`);
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => !name.startsWith('.') && shape.test(name)).map((name) => path.join(folder, name));
}

function escaped(text: string): string {
  return text.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);
}

function notFound(pattern: string, found: readonly string[]): Failure {
  return new Failure({
    code: 'ARTIFACT_MISSING',
    exit: exitCodes.configuration,
    what: found.length > 0 ? 'no jar there can be started' : `nothing is at ${pattern}`,
    why: found.length > 0 ? `without a Main-Class in its manifest, or not a jar: ${found.join(', ')}` : undefined,
    fix:
      found.length > 0
        ? 'build the bootable jar (`mvn package`, `gradle bootJar`), or name it'
        : 'build first, or name it: `cutover deploy PATH`',
  });
}

function severalFound(pattern: string, found: readonly string[]): Failure {
  return new Failure({
    code: 'ARTIFACT_AMBIGUOUS',
    exit: exitCodes.configuration,
    what: `${found.length} files fit ${pattern}`,
    why: found.join('\n'),
    fix: 'remove the old ones (`mvn clean package`), or name one: `cutover deploy PATH`',
  });
}
