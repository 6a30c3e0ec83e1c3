import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Started } from './cleanup.ts';
import { INIT_PATH } from './machine-image.ts';
import { identify } from './machine-record.ts';
import type { Place } from './machine-host.ts';

export interface Bind {
  /** A file or folder of the host, and where it is seen in the machine. */
  from: string;
  to: string;
  /** Default true. */
  readonly?: boolean;
}

export interface Hardware {
  place: Place;
  image: string;
  disk: string;
  cgroups: readonly string[];
  binds: readonly Bind[];
}

/** A machine that is switched on. */
export interface Powered {
  supervisor: Started;
  /** The machine's PID 1 as the host sees it. */
  leader: number;
  /** Settles when the machine is off. */
  off: Promise<unknown>;
}

/**
 * Joins the cgroups, mounts the disk and becomes systemd-nspawn. It runs in a mount namespace that nobody else has, so
 * every mount goes away with the machine, however it ends.
 */
const SWITCH_ON = `set -eu
cgroups=$1 disk=$2; shift 2
for cgroup in $cgroups; do echo $$ > "$cgroup/cgroup.procs"; done
mount -t overlay overlay -o "$disk" root
exec "$@"`;

const NSPAWN = [
  'systemd-nspawn',
  '--quiet',
  '--directory=root',
  '--register=no',
  '--keep-unit',
  '--capability=CAP_NET_ADMIN,CAP_NET_RAW',
  '--kill-signal=SIGRTMIN+3',
  '--console=pipe',
  '--resolv-conf=off',
  '--timezone=off',
  '--link-journal=no',
];

/** Switches the machine on and returns once its systemd is PID 1; it is still booting then. */
export async function switchOn(hardware: Hardware): Promise<Powered> {
  const console = await open(join(hardware.disk, 'console.log'), 'a');
  const child = spawn('setpriv', switchOnArguments(hardware), {
    cwd: hardware.disk,
    // As on a server, root may set what is the network's: whether packets are passed on, for one.
    env: { ...process.env, SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network' },
    detached: true,
    stdio: ['ignore', console.fd, console.fd],
  });
  await console.close();
  const off = once(child, 'exit');
  if (child.pid === undefined) throw new Error(`The machine did not start: ${await readConsole(hardware.disk)}`);
  return { supervisor: identify(child.pid), leader: await findLeader(child, hardware.disk), off };
}

/** The last that the machine or systemd-nspawn said. */
export async function readConsole(disk: string): Promise<string> {
  return (await readFile(join(disk, 'console.log'), 'utf8').catch(() => '')).slice(-4000);
}

function switchOnArguments({ place, image, disk, cgroups, binds }: Hardware): string[] {
  // Relative, so that no colon or comma of a path can be taken for the options' own.
  const overlay = `lowerdir=${relative(disk, image)},upperdir=upper,workdir=work`;
  // Dies with the test run: the kernel kills nspawn with its parent, and PID 1 with nspawn.
  const shell = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'private', 'sh', '-c', SWITCH_ON, 'sh'];
  const named = [`--machine=${place.id}`, `--network-namespace-path=/run/netns/${place.id}`];
  return [...shell, cgroups.join(' '), overlay, ...NSPAWN, ...named, ...binds.map(bindArgument), INIT_PATH];
}

function bindArgument({ from, to, readonly = true }: Bind): string {
  const [source, target] = [from, to].map((path) => path.replaceAll(/[\\:]/g, '\\$&'));
  return `--bind${readonly ? '-ro' : ''}=${String(source)}:${String(target)}`;
}

/** The child of nspawn that is PID 1 in its namespace, as soon as it has become systemd. */
async function findLeader(child: ChildProcess, disk: string): Promise<number> {
  const pid = String(child.pid);
  for (const deadline = Date.now() + 30_000; Date.now() < deadline && child.exitCode === null; await sleep(10)) {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    for (const candidate of children.trim().split(' ')) if (await isSystemd(candidate)) return Number(candidate);
  }
  child.kill('SIGKILL');
  throw new Error(`The machine's systemd did not start: ${await readConsole(disk)}`);
}

async function isSystemd(pid: string): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  // The name too: until then the namespaces still show the host's own files, and its systemd would answer.
  return /^Name:\tsystemd$/m.test(status) && /^NSpid:.*\t1$/m.test(status);
}
