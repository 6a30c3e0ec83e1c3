import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { end, remember, runs, type Started } from './cleanup.ts';
import { makeKey } from './ssh-client.ts';

export interface SshdPlace {
  /** Its own, for configuration, host key and log. */
  readonly dir: string;
  readonly address: string;
  readonly port: number;
}

/**
 * Writes its configuration and makes its host key, of which it gives the public half.
 * @param authorized file with the keys of who may log in
 * @param variables what a session finds in its environment
 * @param more lines of configuration
 */
export async function prepareSshd(
  { dir, address, port }: SshdPlace,
  authorized: string,
  variables: Readonly<Record<string, string>>,
  more = '',
): Promise<string> {
  const given = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const text = `ListenAddress ${address}
Port ${port}
HostKey ${dir}/host
AuthorizedKeysFile ${authorized}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv ${given.join(' ')}
${more}`;
  writeFileSync(join(dir, 'sshd_config'), text);
  return makeKey(join(dir, 'host'));
}

/** Returns when it takes connections. */
export async function launchSshd(program: string, { dir, address, port }: SshdPlace): Promise<Started> {
  // Debian's own unit makes it; without it sshd refuses to start.
  mkdirSync('/run/sshd', { recursive: true });
  const log = openSync(join(dir, 'log'), 'a');
  const words = ['-D', '-e', '-f', join(dir, 'sshd_config')];
  const child = spawn(program, words, { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const started = remember(child.pid ?? 0);
  for (let tries = 0; tries < 600 && runs(started); tries += 1) {
    if (await listens(port, address)) return started;
    await sleep(50);
  }
  await end(started, 1000);
  throw new Error(`sshd did not come up:\n${readFileSync(join(dir, 'log'), 'utf8')}`);
}

/** Ends it and cuts all its sessions. */
export async function cutSshd(started: Started): Promise<void> {
  // It must not take another connection while those that are there are cut.
  kill(started.pid, 'SIGSTOP');
  for (const pid of [...descendants(started.pid), started.pid]) kill(pid, 'SIGKILL');
  await end(started);
}

function listens(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
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
