import { execFile, spawn } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ensureProgram } from './apt.ts';
import { end, remember, runs, type Started } from './cleanup.ts';
import { freePort } from './free-port.ts';
import { makeKey, makeSshHome } from './ssh-client.ts';

/** Debian's sshd on a loopback port, with keys of its own, and what a client needs to get in. */
export interface Sshd {
  /** `ssh://USER@127.0.0.1:PORT` */
  readonly url: string;
  /** HOME with its `.ssh/config`, SSH_AUTH_SOCK of an agent that alone has the key, and PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** Adds lines to the client's configuration. */
  configure(lines: string): void;
  /** Cuts every connection, as when the machine goes away. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** Connections that it accepted so far. */
  accepted(): number;
  stop(): Promise<void>;
}

const run = promisify(execFile);

/** @param variables what a session finds in its environment */
export async function startSshd(variables: Readonly<Record<string, string>>): Promise<Sshd> {
  const program = await ensureProgram('sshd', 'openssh-server');
  const client = await ensureProgram('ssh', 'openssh-client');
  const dir = mkdtempSync(join(tmpdir(), 'cutover-sshd-'));
  const port = await freePort();
  await makeKey(join(dir, 'host'));
  await makeKey(join(dir, 'user'));
  copyFileSync(join(dir, 'user.pub'), join(dir, 'authorized'));
  writeFileSync(join(dir, 'sshd_config'), configuration(dir, port, variables));
  const known = `UserKnownHostsFile ${dir}/.ssh/known_hosts\nStrictHostKeyChecking accept-new\nBatchMode yes\n`;
  const env = { ...makeSshHome(dir, client, known), SSH_AUTH_SOCK: join(dir, 'agent') };
  const agent = await startAgent(dir, env.SSH_AUTH_SOCK);
  let started: Started | undefined;
  const up = async (): Promise<void> => {
    started = await launch(program, dir, port);
  };
  const down = async (): Promise<void> => {
    if (!started) return;
    // It must not take another connection while those that are there are cut.
    kill(started.pid, 'SIGSTOP');
    for (const pid of [...descendants(started.pid), started.pid]) kill(pid, 'SIGKILL');
    await end(started);
    started = undefined;
  };
  await up();
  return {
    url: `ssh://${userInfo().username}@127.0.0.1:${port}`,
    env,
    up,
    down,
    configure: (lines) => appendFileSync(join(dir, '.ssh', 'config'), lines),
    accepted: () => readFileSync(join(dir, 'log'), 'utf8').split('Accepted publickey').length - 1,
    async stop() {
      await down();
      await end(agent);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function configuration(dir: string, port: number, variables: Readonly<Record<string, string>>): string {
  const given = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return `ListenAddress 127.0.0.1
Port ${port}
HostKey ${dir}/host
AuthorizedKeysFile ${dir}/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv ${given.join(' ')}
`;
}

/** It alone has the key: the file goes. */
async function startAgent(dir: string, socket: string): Promise<Started> {
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore', detached: true });
  const started = remember(child.pid ?? 0);
  const add = () => run('ssh-add', ['-q', join(dir, 'user')], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  for (let tries = 0; ; tries += 1) {
    const failed = await add().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failed === undefined) break;
    if (tries > 200) throw failed;
    await sleep(50);
  }
  rmSync(join(dir, 'user'));
  return started;
}

async function launch(program: string, dir: string, port: number): Promise<Started> {
  // Debian's own unit makes it; without it sshd refuses to start.
  mkdirSync('/run/sshd', { recursive: true });
  const log = openSync(join(dir, 'log'), 'a');
  const words = ['-D', '-e', '-f', join(dir, 'sshd_config')];
  const child = spawn(program, words, { stdio: ['ignore', log, log], detached: true });
  const started = remember(child.pid ?? 0);
  for (let tries = 0; tries < 600 && runs(started); tries += 1) {
    if (await listens(port)) return started;
    await sleep(50);
  }
  await end(started, 1000);
  throw new Error(`sshd did not come up:\n${readFileSync(join(dir, 'log'), 'utf8')}`);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** A session leaves the group of its server, and outlives it. */
function descendants(pid: number): readonly number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const children = all.filter((name) => parentOf(name) === pid).map(Number);
  return children.flatMap((child) => [...descendants(child), child]);
}

function parentOf(pid: string): number {
  try {
    return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return Number.NaN;
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It went with its parent.
  }
}
