import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes } from '../src/core/failure.ts';
import { runs, startTime, type Started } from './cleanup.ts';
import { freePorts } from './free-port.ts';
import { startNginx, type Nginx } from './nginx.ts';
import { cacheDir, root } from './paths.ts';
import type { Parts } from './quickstart-prepare.ts';
import { say, typed } from './quickstart-say.ts';

/** One server in miniature, in a folder of its own. */
export interface Stage {
  readonly url: string;
  /** Where the empty file lies that nginx looks for. */
  readonly traffic: string;
  /** Types a command for all to see, and insists on its exit code. */
  cutover(expected: number, ...words: string[]): Promise<void>;
  /** Writes cutover.yaml, with the time that a release has to become healthy. */
  configure(deadline: string): void;
  show(): void;
  close(): Promise<void>;
}

/** Ctrl-C. */
export class Stopped extends Error {}

const main = join(root, 'dist', 'main.js');
const patience = 120_000;

export async function createStage({ jars }: Parts, signal: AbortSignal): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), 'cutover-quickstart-'));
  // nginx's workers are another user and must get through to the switch.
  chmodSync(dir, 0o755);
  const record = remember(dir);
  for (const [version, jar] of Object.entries(jars)) copyFileSync(jar, join(dir, `shop-${version}.jar`));
  const nginx = await startNginx();
  const [blue = 0, green = 0] = await freePorts(2);
  const file = join(dir, 'cutover.yaml');
  const configure = (deadline: string): void =>
    writeFileSync(file, configuration(dir, nginx, { blue, green }, deadline));
  configure('100s');
  let closed = false;
  return {
    url: `http://127.0.0.1:${nginx.port}`,
    traffic: join(dir, 'state', 'traffic'),
    configure,
    show: () => {
      typed(['cat', 'cutover.yaml']);
      say(readFileSync(file, 'utf8').trimEnd());
    },
    async cutover(expected, ...words) {
      if (signal.aborted) throw new Stopped('stopped');
      typed(['cutover', ...words]);
      const code = await finished(start(dir, words), signal);
      if (signal.aborted) throw new Stopped('stopped');
      if (code !== expected) throw new Error(`exit code ${code} instead of ${expected}`);
    },
    async close() {
      if (closed) return;
      closed = true;
      await putAway(dir);
      await nginx.stop();
      rmSync(record, { force: true });
    },
  };
}

/** A group of its own, so that Ctrl-C reaches it through us, once. */
function start(dir: string, words: readonly string[]): ChildProcess {
  return spawn(process.execPath, [main, ...words], {
    cwd: dir,
    env: environment(dir),
    stdio: 'inherit',
    detached: true,
  });
}

/** What cutover keeps in the user's cache goes away with the folder too. */
function environment(dir: string): NodeJS.ProcessEnv {
  return { ...process.env, XDG_CACHE_HOME: join(dir, 'cache') };
}

function finished(child: ChildProcess, signal: AbortSignal): Promise<number> {
  const pass = (): void => void child.kill('SIGINT');
  signal.addEventListener('abort', pass);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      signal.removeEventListener('abort', pass);
      resolve(code ?? 1);
    });
  });
}

function configuration(dir: string, nginx: Nginx, ports: { blue: number; green: number }, deadline: string): string {
  return `app: shop
artifact: shop-1.0.jar

state: ${dir}/state
runtime: process
slots: { blue: ${ports.blue}, green: ${ports.green} }
health: { deadline: ${deadline} }
router:
  binary: ${nginx.binary}
  conf: ${nginx.conf}
  prefix: ${nginx.dir}
  sites: ${nginx.confDir}
  pid: ${nginx.pid}
  listen: 127.0.0.1:${nginx.port}
`;
}

/** Stops the application and removes the folder. */
async function putAway(dir: string): Promise<void> {
  if (existsSync(join(dir, 'state', 'journal.jsonl'))) await takeDown(dir);
  rmSync(dir, { recursive: true, force: true });
}

/** A deploy that outlived the demonstration may still be at work: it is waited for. */
async function takeDown(dir: string): Promise<void> {
  const options = { cwd: dir, env: environment(dir), encoding: 'utf8' } as const;
  for (const end = Date.now() + patience; ; await sleep(500)) {
    const { status, stderr } = spawnSync(process.execPath, [main, 'down', '--yes'], options);
    if (status === 0) return;
    if (status !== exitCodes.locked || Date.now() > end)
      throw new Error(`the sample could not be stopped; its folder is ${dir}\n${stderr}`);
  }
}

interface Abandoned {
  readonly dir: string;
  readonly by: Started;
}

/** Written down, so that the next run ends what one that was killed has left. */
function remember(dir: string): string {
  const file = join(cacheDir('quickstart'), `${process.pid}.json`);
  const by: Started = { pid: process.pid, start: startTime(process.pid) ?? '' };
  writeFileSync(file, JSON.stringify({ dir, by } satisfies Abandoned));
  return file;
}

export async function endAbandoned(): Promise<void> {
  const folder = cacheDir('quickstart');
  for (const name of readdirSync(folder)) {
    const { dir, by } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Abandoned;
    if (runs(by)) continue;
    if (existsSync(dir)) await putAway(dir);
    rmSync(join(folder, name), { force: true });
  }
}
