import { execFile, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ensureProgram } from './apt.ts';
import { end, remember, type Started } from './cleanup.ts';
import { freePort } from './free-port.ts';
import { makeKey, makeSshHome } from './ssh-client.ts';
import { cutSshd, launchSshd, prepareSshd } from './sshd-process.ts';

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

/**
 * @param variables what a session finds in its environment
 * @param more lines of sshd's own configuration
 */
export async function startSshd(variables: Readonly<Record<string, string>>, more = ''): Promise<Sshd> {
  const program = await ensureProgram('sshd', 'openssh-server');
  const client = await ensureProgram('ssh', 'openssh-client');
  const dir = mkdtempSync(join(tmpdir(), 'cutover-sshd-'));
  const port = await freePort();
  await makeKey(join(dir, 'user'));
  const place = { dir, address: '127.0.0.1', port };
  // Its shell begins in a home of its own: what the user's does at each login takes time, and may not bear to be killed.
  await prepareSshd(place, join(dir, 'user.pub'), { HOME: dir, ...variables }, more);
  const known = `UserKnownHostsFile ${dir}/.ssh/known_hosts\nStrictHostKeyChecking accept-new\nBatchMode yes\n`;
  const env = { ...makeSshHome(dir, client, known), SSH_AUTH_SOCK: join(dir, 'agent') };
  const agent = await startAgent(dir, env.SSH_AUTH_SOCK);
  let started: Started | undefined;
  const up = async (): Promise<void> => {
    started = await launchSshd(program, place);
  };
  const down = async (): Promise<void> => {
    if (!started) return;
    await cutSshd(started);
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
