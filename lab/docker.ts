import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ensureProgram } from './apt.ts';
import { end, remember, runs, type Started } from './cleanup.ts';

/** A Docker engine of its own. Everything that it makes is in `dir` and goes with it. */
export interface Engine {
  readonly dir: string;
  /** What a client needs to reach it: DOCKER_HOST, and a configuration folder of its own. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs `docker`; rejects with what it said. */
  docker(...words: string[]): Promise<string>;
  log(): string;
  /** Ends the engine, by default gently; containers end with it. */
  down(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again on the same data. */
  up(): Promise<void>;
  stop(): Promise<void>;
}

const run = promisify(execFile);

export async function ensureDocker(): Promise<void> {
  await ensureProgram('dockerd', 'docker.io');
  await ensureProgram('docker', 'docker.io');
  await ensureProgram('docker-compose', 'docker-compose');
  await ensureProgram('docker-registry', 'docker-registry');
  await ensureProgram('sshd', 'openssh-server');
  await ensureProgram('iptables', 'iptables');
  await ensureProgram('ip', 'iproute2');
}

/** Only in a network namespace that is nobody else's: it makes a bridge and firewall rules (`node lab/netns.mjs …`). */
export async function startEngine(...options: string[]): Promise<Engine> {
  if (process.env['CUTOVER_LAB_NETNS'] !== '1')
    throw new Error('an engine needs a network namespace of its own: node lab/netns.mjs npx vitest run FILE');
  await ensureDocker();
  const dir = mkdtempSync(join(tmpdir(), 'cutover-docker-'));
  const socket = join(dir, 'docker.sock');
  const env = { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: join(dir, 'client'), DOCKER_BUILDKIT: '0' };
  mkdirSync(env.DOCKER_CONFIG);
  const docker = async (...words: string[]): Promise<string> =>
    (await run('docker', words, { env: { ...process.env, ...env }, maxBuffer: 64 << 20 })).stdout.trim();
  const containerd = await launchContainerd(dir);
  let started: Started | undefined;
  const up = async (): Promise<void> => {
    started = launch(dir, socket, options);
    await answers(dir, docker, started);
  };
  const down = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
    if (!started) return;
    if (runs(started)) process.kill(started.pid, signal);
    await end(started, 30_000);
    rmSync(join(dir, 'docker.pid'), { force: true });
    started = undefined;
  };
  await up();
  return {
    dir,
    env,
    docker,
    up,
    down,
    log: () => readFileSync(join(dir, 'log'), 'utf8'),
    stop: () => removed(dir, docker, down, containerd),
  };
}

/** A process of its own, as on a server: it and the containers outlive an engine that dies. */
async function launchContainerd(dir: string): Promise<Started> {
  const config = join(dir, 'containerd.toml');
  writeFileSync(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
  const log = openSync(join(dir, 'containerd.log'), 'a');
  const words = [
    `--config=${config}`,
    `--address=${join(dir, 'containerd.sock')}`,
    `--root=${join(dir, 'containerd')}`,
    `--state=${join(dir, 'containerd-run')}`,
  ];
  const child = spawn('containerd', words, { stdio: ['ignore', log, log], detached: true });
  const started = remember(child.pid ?? 0);
  for (let tries = 0; !existsSync(join(dir, 'containerd.sock')) && tries < 600; tries += 1) await sleep(20);
  return started;
}

function launch(dir: string, socket: string, options: readonly string[]): Started {
  const log = openSync(join(dir, 'log'), 'a');
  const words = [
    `--data-root=${join(dir, 'data')}`,
    `--exec-root=${join(dir, 'run')}`,
    `--pidfile=${join(dir, 'docker.pid')}`,
    `--host=unix://${socket}`,
    `--containerd=${join(dir, 'containerd.sock')}`,
    '--group=root',
    ...options,
  ];
  const child = spawn('dockerd', words, { stdio: ['ignore', log, log], detached: true });
  return remember(child.pid ?? 0);
}

async function answers(dir: string, docker: Engine['docker'], started: Started): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (!runs(started)) break;
    if (
      await docker('version').then(
        () => true,
        () => false,
      )
    )
      return;
    await sleep(50);
  }
  throw new Error(`the engine did not come up:\n${readFileSync(join(dir, 'log'), 'utf8').slice(-3000)}`);
}

async function removed(
  dir: string,
  docker: Engine['docker'],
  down: Engine['down'],
  containerd: Started,
): Promise<void> {
  const ids = (await docker('ps', '--all', '--quiet').catch(() => '')).split('\n').filter(Boolean);
  if (ids.length > 0) await docker('rm', '--force', ...ids).catch(() => undefined);
  await down();
  await end(containerd, 10_000);
  for (const point of mountsBelow(dir)) await run('umount', ['--lazy', point]);
  rmSync(dir, { recursive: true, force: true });
}

/** What an engine that was killed left mounted, innermost first. */
function mountsBelow(dir: string): readonly string[] {
  const points = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '');
  return points.filter((point) => point.startsWith(`${dir}/`)).toReversed();
}
