import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ensureJava } from './components.ts';
import { withLock } from './lock.ts';
import { cacheDir, root } from './paths.ts';

export interface JarOptions {
  /** What /version says (unless APP_VERSION does); other versions are other jars, byte for byte. */
  readonly version?: string;
  /** More lines of application.properties, e.g. `{ FAIL: 'unhealthy' }`: broken whatever its environment. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** Path of the sample's jar. It is built once for its sources and kept; any number of processes may ask at once. */
export async function springBootJar(options: JarOptions = {}): Promise<string> {
  const sources = hashSources(sample);
  const plain = join(cacheDir('jars'), `shop-${sources}.jar`);
  if (!existsSync(plain)) await withLock(`jar-${sources}`, () => build(plain));
  if (options.version === undefined && options.properties === undefined) return plain;
  const variant = join(cacheDir('jars'), `shop-${sources}-${digest(JSON.stringify(options))}.jar`);
  if (!existsSync(variant)) await withLock('jar-variant', () => vary(plain, variant, options));
  return variant;
}

const run = promisify(execFile);
const sample = join(root, 'examples', 'spring-boot');

/** Builds in a copy, so that two checkouts or two users never share Maven's target directory. */
async function build(jar: string): Promise<void> {
  if (existsSync(jar)) return;
  const { mvn } = await ensureJava();
  process.stderr.write('building the Spring Boot sample\n');
  const copy = mkdtempSync(join(tmpdir(), 'cutover-jar-'));
  try {
    cpSync(join(sample, 'pom.xml'), join(copy, 'pom.xml'));
    cpSync(join(sample, 'src'), join(copy, 'src'), { recursive: true });
    await run(mvn, ['-q', '-B', 'package'], { cwd: copy, timeout: 600_000, maxBuffer: 64 << 20 });
    publish(join(copy, 'target', 'shop.jar'), jar);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function vary(plain: string, variant: string, { version, properties = {} }: JarOptions): Promise<void> {
  if (existsSync(variant)) return;
  const { jar } = await ensureJava();
  const dir = mkdtempSync(join(tmpdir(), 'cutover-jar-'));
  try {
    copyFileSync(plain, join(dir, 'shop.jar'));
    await overwrite(dir, jar, 'META-INF/build-info.properties', (text) =>
      version === undefined ? text : text.replace(/^build\.version=.*$/m, `build.version=${version}`),
    );
    const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`);
    await overwrite(dir, jar, 'BOOT-INF/classes/application.properties', (text) => `${text}\n${lines.join('')}`);
    publish(join(dir, 'shop.jar'), variant);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function overwrite(dir: string, jar: string, entry: string, change: (text: string) => string): Promise<void> {
  const file = join(dir, entry);
  mkdirSync(dirname(file), { recursive: true });
  await run(jar, ['xf', 'shop.jar', entry], { cwd: dir });
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  // Without compression: Spring Boot's loader wants nested jars stored, and `jar` keeps what it does not touch.
  await run(jar, ['uf0', 'shop.jar', entry], { cwd: dir });
}

function publish(from: string, to: string): void {
  const beside = `${to}.${process.pid}`;
  copyFileSync(from, beside);
  renameSync(beside, to);
}

function hashSources(dir: string): string {
  const hash = createHash('sha256').update(readFileSync(join(dir, 'pom.xml')));
  const names = readdirSync(join(dir, 'src'), { recursive: true, encoding: 'utf8' }).toSorted();
  for (const name of names) {
    const file = join(dir, 'src', name);
    if (statSync(file).isFile()) hash.update(name).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 12);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
