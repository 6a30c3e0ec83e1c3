import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from './apt.ts';
import { ensureJava, ensureNginx } from './components.ts';
import { springBootJar } from './jars.ts';
import { root } from './paths.ts';
import { say } from './quickstart-say.ts';

export interface Parts {
  /** Version → path of its jar. */
  readonly jars: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly sockets: number;
}

/** Everything the demonstration needs, installed or built where it is missing. */
export async function prepare(signal: AbortSignal): Promise<Parts> {
  mustHavePrograms();
  await ensureNginx();
  await ensureJava();
  if (isStale()) build();
  const jars: Record<string, string> = {};
  for (const version of ['1.0', '2.0', '2.1', '2.2']) {
    signal.throwIfAborted();
    const broken = version === '2.1' ? { properties: { FAIL: 'unhealthy' } } : {};
    jars[version] = await springBootJar({ version, ...broken });
  }
  return { jars, connections: 40, sockets: 20 };
}

/** All at once, so that nobody who may not install has to come back three times. */
function mustHavePrograms(): void {
  const needed = { nginx: 'nginx', jar: 'default-jdk-headless', mvn: 'maven' };
  const missing = Object.entries(needed).filter(([program]) => findProgram(program) === undefined);
  if (missing.length === 0 || (process.getuid?.() === 0 && findProgram('apt-get'))) return;
  const packages = missing.map(([, name]) => name).join(' ');
  throw new Error(
    `missing here: ${missing.map(([program]) => program).join(', ')}\n` +
      `  Install nginx, a JDK of 17 or later and Maven (on Debian: sudo apt-get install ${packages}), then run this again.`,
  );
}

function isStale(): boolean {
  const main = join(root, 'dist', 'main.js');
  if (!existsSync(main)) return true;
  const built = statSync(main).mtimeMs;
  const names = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' });
  return names.some((name) => statSync(join(root, 'src', name)).mtimeMs > built);
}

function build(): void {
  say('building cutover');
  const { status, stderr } = spawnSync(process.execPath, ['build.mjs'], { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the build failed\n${stderr}`);
}
