import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ensureProgram } from './apt.ts';
import { ensureJava } from './components.ts';
import type { Engine } from './docker.ts';
import { withLock } from './lock.ts';
import { cacheDir } from './paths.ts';

const run = promisify(execFile);

/** Makes the image `node:lab` of this machine's own node and the libraries it needs: there is no registry to ask. */
export async function importNode(engine: Engine, ...programs: string[]): Promise<void> {
  const node = realpathSync(process.execPath);
  const files = new Map([node, ...programs].map((file) => [file, join('/usr/local/bin', basename(file))]));
  files.set(node, '/usr/local/bin/node');
  await importImage(engine, 'node:lab', { files, linked: [node, ...programs], path: '/usr/local/bin' });
}

/** What a Spring Boot application needs of a JDK. */
const modules = [
  'java.base',
  'java.desktop',
  'java.instrument',
  'java.management',
  'java.naming',
  'java.net.http',
  'java.security.jgss',
  'java.sql',
  'jdk.crypto.ec',
  'jdk.unsupported',
];

/** Makes the image `jre:lab` of this machine's own JDK, in the same way. */
export async function importJre(engine: Engine): Promise<void> {
  const jre = await linkedJre();
  const libraries = readdirSync(jre, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.so'));
  const linked = ['bin/java', ...libraries].map((name) => join(jre, name));
  await importImage(engine, 'jre:lab', { files: new Map([[jre, '/opt/jre']]), linked, path: '/opt/jre/bin' });
}

/** Linking takes some ten seconds, so it is kept. */
async function linkedJre(): Promise<string> {
  await ensureJava();
  const jlink = await ensureProgram('jlink', 'default-jdk-headless');
  const { stdout } = await run(jlink, ['--version']);
  const dir = join(cacheDir('jre'), `${stdout.trim()}-${modules.length}`);
  await withLock('jre', async () => {
    if (existsSync(dir)) return;
    rmSync(`${dir}.new`, { recursive: true, force: true });
    const small = ['--strip-java-debug-attributes', '--no-header-files', '--no-man-pages', '--vm=server'];
    await run(jlink, ['--add-modules', modules.join(','), ...small, '--output', `${dir}.new`], { timeout: 300_000 });
    renameSync(`${dir}.new`, dir);
  });
  return dir;
}

interface Contents {
  /** File or folder here → path in the image. */
  files: ReadonlyMap<string, string>;
  /** Programs and libraries whose own libraries are needed too. */
  linked: readonly string[];
  /** PATH in the image. */
  path: string;
}

async function importImage(engine: Engine, name: string, { files, linked, path }: Contents): Promise<void> {
  const folder = join(engine.dir, 'image');
  const put = (from: string, to: string): void => {
    mkdirSync(join(folder, dirname(to)), { recursive: true });
    cpSync(from, join(folder, to), { dereference: true, recursive: true });
  };
  for (const [from, to] of files) put(from, to);
  const own = [...files.keys()];
  const libraries = new Set((await Promise.all(linked.map(librariesOf))).flat());
  for (const library of libraries) if (!own.some((each) => library.startsWith(`${each}/`))) put(library, library);
  mkdirSync(join(folder, 'tmp'), { recursive: true });
  // Whoever the application is in its container.
  chmodSync(join(folder, 'tmp'), 0o1777);
  const archive = join(engine.dir, 'image.tar');
  await run('tar', ['-C', folder, '-cf', archive, '.']);
  await engine.docker('import', '--change', `ENV PATH=${path}`, archive, name);
  rmSync(folder, { recursive: true });
  rmSync(archive);
}

export async function librariesOf(program: string): Promise<readonly string[]> {
  const { stdout } = await run('ldd', [program]);
  const libraries = stdout.split('\n').flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  return libraries.filter((file) => existsSync(file));
}
