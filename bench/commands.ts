import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePorts } from '../lab/free-port.ts';
import { type Nginx, startNginx } from '../lab/nginx.ts';
import { root } from '../lab/paths.ts';
import { cutoverYaml, stateHome } from './contenders/cutover.ts';
import { type Spread, spread } from './stats.ts';
import { interleavedTimes, type Ran, timed } from './wall-time.ts';

export interface CommandFigures {
  /** Median wall time in ms: `node -e 0`, `--version`, `status`, `rollback`. */
  readonly times: Readonly<Record<string, number>>;
  /** Wall time of a deploy, less what the application itself needs until it answers, ms. */
  readonly overhead: Spread;
  readonly start: number;
  /** MB resident while two slots run and no command does: everything of cutover's, without the application. */
  readonly resident: number;
}

/** The command as users have it, with the sample application behind an nginx of the lab. */
export async function measureCommands(rounds: number): Promise<CommandFigures> {
  const main = await built();
  const home = stateHome();
  const nginx = await startNginx();
  await writeConfig(nginx, home);
  const cutover = (...args: string[]): Promise<Ran> => timed([process.execPath, main, ...args], home);
  try {
    await cutover('setup');
    return await measureAll(cutover, home, rounds);
  } finally {
    await cutover('down', '--yes').catch(() => undefined);
    await nginx.stop();
  }
}

/** nginx gives its idle connections to the slot before up by then; a deploy in the same seconds waits for that. */
export const idleGone = 3500;

type Cutover = (...args: string[]) => Promise<Ran>;

async function measureAll(cutover: Cutover, home: string, rounds: number): Promise<CommandFigures> {
  const deploys: number[] = [];
  const starts: number[] = [];
  for (let i = 0; i < 7; i += 1) {
    starts.push(await ownStart(join(home, 'app')));
    await sleep(idleGone);
    deploys.push((await cutover('deploy')).time);
  }
  const resident = residentBeside(join(home, 'lib', 'shop'));
  const bare = (): Promise<Ran> => timed([process.execPath, '-e', '0'], home);
  const commands = {
    'node -e 0': bare,
    '--version': () => cutover('--version'),
    status: () => cutover('status'),
    rollback: toAndFro(cutover),
  };
  const times = await interleavedTimes(commands, rounds);
  const start = spread(starts).median;
  return { times, overhead: spread(deploys.map((deploy) => deploy - start)), start, resident };
}

/** Rollbacks to the release in the other slot, which is up: each is a switch. */
function toAndFro(cutover: Cutover): () => Promise<Ran> {
  return async () => {
    const status = JSON.parse((await cutover('status', '--json')).stdout) as {
      slots: Record<string, { state: string; release: string }>;
    };
    const standby = Object.values(status.slots).find(({ state }) => state === 'standby');
    return cutover('rollback', standby?.release ?? '');
  };
}

/** Path of the command, built from the code as it is now. */
export async function built(): Promise<string> {
  await (building ??= promisify(execFile)(process.execPath, ['build.mjs'], { cwd: root }));
  return join(root, 'dist', 'main.js');
}

let building: Promise<unknown> | undefined;

/** `cutover.yaml` in that folder, for the Node sample behind this nginx. */
export async function writeConfig(nginx: Nginx, home: string): Promise<void> {
  const [blue = 0, green = 0] = await freePorts(2);
  const file = join(home, 'cutover.yaml');
  cpSync(join(root, 'examples', 'node'), join(home, 'app'), { recursive: true });
  const application = 'artifact: app\nrun: node server.js\nruntime: process\nhealth:\n  path: /health\n';
  writeFileSync(file, cutoverYaml(nginx, { blue, green }, home, application));
}

/** Time from the start of the application until its health page is fine, asked every few ms. */
async function ownStart(folder: string): Promise<number> {
  const [port = 0] = await freePorts(1);
  const start = performance.now();
  const child = spawn(process.execPath, ['server.js'], {
    cwd: folder,
    env: { ...process.env, PORT: String(port) },
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  while (!(await isHealthy(`http://127.0.0.1:${port}`)) && child.exitCode === null) await sleep(5);
  const time = performance.now() - start;
  child.kill('SIGKILL');
  await exited;
  return time;
}

export async function isHealthy(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/health`).catch(() => undefined);
  await answer?.text();
  return answer?.ok === true;
}

/** MB of the processes whose arguments name the state directory, and of what they start except the application. */
function residentBeside(state: string): number {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => memoryOf(pid, state)).reduce((sum, one) => sum + one, 0);
}

function memoryOf(pid: string, state: string): number {
  try {
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    if (!argv.includes(state) || argv.includes('server.js')) return 0;
    return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
