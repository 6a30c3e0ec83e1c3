import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureImage } from './machine-image.ts';
import { copyInto } from './machine-copy.ts';
import { javaBinds } from './machine-java.ts';
import { makeCgroups } from './machine-cgroup.ts';
import { makeNetwork, placeOf, release, releaseOrphans } from './machine-host.ts';
import { readConsole, switchOn, type Bind, type Hardware, type Powered } from './machine-power.ts';
import { saveClaim, takeIndex, type Claim } from './machine-record.ts';
import { startInside, type ExecOptions } from './machine-exec.ts';
import { cacheDir } from './paths.ts';
import type { Finished, Running } from './machine-run.ts';

export { ensureImage } from './machine-image.ts';
export type { Bind } from './machine-power.ts';
export type { ExecOptions } from './machine-exec.ts';
export type { Finished, Running } from './machine-run.ts';

export interface MachineOptions {
  /** Host name inside. */
  name: string;
  /** What of the host is seen inside, beside this process's own node at /usr/local/bin/node. */
  binds?: readonly Bind[];
  /** Gives it the host's Java, as /usr/local/bin/java. Default false. */
  java?: boolean;
}

/** A server of its own: systemd as PID 1, nginx and sshd as services, a disk that outlives a reboot, an ordinary user `deploy`. */
export interface Machine {
  readonly name: string;
  /** What its namespace and cgroups on the host are called. */
  readonly id: string;
  /** Where the host, and so the tests, reach it. */
  readonly address: string;
  /** Where it reaches the host, and the host's interface to it. */
  readonly gateway: string;
  readonly link: string;
  /** Runs an argument list to its end. A non-zero exit is a result, not an error. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<Finished>;
  /** Starts one and returns at once, to be watched and killed. */
  start(argv: readonly string[], options?: ExecOptions): Promise<Running>;
  /** Copies a file or the content of a folder to a path in the machine. Belongs to `user`, default root. */
  copyIn(from: string, to: string, options?: { user?: string }): Promise<void>;
  /** `systemctl reboot`: every unit is stopped in order. */
  reboot(): Promise<void>;
  /** Everything in it dies at once; then it boots from the disk as it was left. */
  powerFail(): Promise<void>;
  /** Ends it and gives back all that it had of the host. */
  stop(): Promise<void>;
}

/** Boots a test machine and returns when its services are up. Needs root; installs and builds on first use. */
export async function bootMachine(options: MachineOptions): Promise<Machine> {
  const image = await ensureImage();
  await releaseOrphans();
  const claim = await takeIndex((index) => join(cacheDir('machines'), String(index)));
  try {
    const hardware = await assemble(claim, image, options);
    return operate(options.name, claim, hardware, await boot(claim, hardware));
  } catch (error) {
    await release(claim);
    throw error;
  }
}

async function assemble(
  claim: Claim,
  image: string,
  { name, binds = [], java = false }: MachineOptions,
): Promise<Hardware> {
  const [place, disk] = [placeOf(claim), claim.disk];
  // What a crashed run may have left there.
  await rm(disk, { recursive: true, force: true });
  for (const folder of ['upper/etc', 'upper/usr/local/bin', 'work', 'root'])
    await mkdir(join(disk, folder), { recursive: true });
  const etc = {
    'machine-id': randomBytes(16).toString('hex'),
    hostname: name,
    hosts: `127.0.0.1 localhost\n127.0.1.1 ${name}`,
  };
  for (const [file, text] of Object.entries(etc)) await writeFile(join(disk, 'upper/etc', file), `${text}\n`);
  const runtime = java ? await javaBinds() : undefined;
  if (runtime !== undefined) await symlink(runtime.program, join(disk, 'upper/usr/local/bin/java'));
  await makeNetwork(place);
  const all = [{ from: process.execPath, to: '/usr/local/bin/node' }, ...(runtime?.binds ?? []), ...binds];
  return { place, image, disk, cgroups: await makeCgroups(place.id), binds: all };
}

async function boot(claim: Claim, hardware: Hardware): Promise<Powered> {
  const power = await switchOn(hardware);
  claim.supervisor = power.supervisor;
  await saveClaim(claim);
  for (const deadline = Date.now() + 90_000; Date.now() < deadline; await sleep(20)) {
    const asked = await startInside(power.leader, ['systemctl', 'is-system-running', '--wait']);
    const { stdout } = await asked.done;
    if (['running', 'degraded'].includes(stdout.trim())) return power;
  }
  throw new Error(`The machine did not finish booting: ${await readConsole(hardware.disk)}`);
}

function operate(name: string, claim: Claim, hardware: Hardware, first: Powered): Machine {
  let power = first;
  let ended: Promise<void> | undefined;
  const exec = async (argv: readonly string[], options?: ExecOptions): Promise<Finished> =>
    (await startInside(power.leader, argv, options)).done;
  const restart = async (): Promise<void> => {
    await wentOff(power);
    power = await boot(claim, hardware);
  };
  return {
    name,
    ...hardware.place,
    exec,
    start: async (argv, options) => startInside(power.leader, argv, options),
    copyIn: async (from, to, options) => copyInto(exec, from, to, options),
    reboot: async () => {
      // Going down, it may end this very command; what counts is that it goes down.
      await exec(['systemctl', 'reboot']);
      await restart();
    },
    powerFail: async () => {
      process.kill(power.leader, 'SIGKILL');
      await restart();
    },
    // Once: another machine may have the same place a moment later.
    stop: async () => (ended ??= release(claim)),
  };
}

async function wentOff({ off }: Powered): Promise<void> {
  const late = sleep(120_000, 'late', { ref: false });
  if ((await Promise.race([off, late])) === 'late') throw new Error('The machine did not go down.');
}
