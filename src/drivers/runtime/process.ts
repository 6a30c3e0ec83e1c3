import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Failure } from '../../core/failure.ts';
import type { Slot } from '../../core/slot.ts';
import type { Clock, Host, Inspection, Launch, Runtime, Stopped } from '../../ports.ts';
import { isTaken, processesOf, variableOf, type Protocol } from './processes.ts';
import { recordedProcesses, type Recorded } from './recorded.ts';
import { slotFiles } from './slot-files.ts';

export interface ProcessOptions {
  state: string;
  ports: Readonly<Record<Slot, number>>;
  logSize: number;
  /** Of the port of a slot; default `tcp`. */
  protocol?: Protocol;
}

/** Lies beside this file; the build puts it beside the bundle. */
const supervisor = new URL('supervise.sh', import.meta.url);
const startDeadline = 10_000;
const killDeadline = 10_000;

/** Plain processes, kept running by a small shell script that outlives cutover and the login. */
export default function processRuntime(host: Host, clock: Clock, options: ProcessOptions): Runtime {
  const { state, protocol = 'tcp' } = options;
  const files = (slot: Slot) => slotFiles(host, state, slot);
  const { recorded, running } = recordedProcesses(host, state);
  const inSlot = (slot: Slot, name: string) => path.join(state, 'slots', slot, name);
  const logFile = (release: string) => path.join(state, 'logs', `${release}.log`);

  async function start(slot: Slot, launch: Launch): Promise<void> {
    const instance = ((await host.read('/proc/sys/kernel/random/uuid')) ?? '').trim();
    const log = logFile(launch.release.id);
    const script = path.join(state, 'supervise');
    await host.write(script, await readFile(supervisor, 'utf8'), { mode: 0o755 });
    await host.write(log, '', { append: true, mode: 0o600 });
    await files(slot).occupy({ ...launch, env: { ...launch.env, CUTOVER_INSTANCE: instance } });
    await host.write(inSlot(slot, 'instance'), `${instance}\n`);
    const { folder } = files(slot);
    const bound = String(options.logSize);
    await host.run([
      ...cleanEnvironment(host),
      'setsid',
      '-f',
      'sh',
      script,
      folder,
      instance,
      log,
      bound,
      launch.user ?? '',
    ]);
    await until(
      startDeadline,
      () => hasLaunched(slot),
      () =>
        new Failure({
          code: 'START_FAILED',
          what: `the supervisor of ${slot} did not come up`,
          fix: `see \`cutover logs ${slot}\``,
        }),
    );
  }

  /** The supervisor removes what is written of the process before, then comes up, and then writes down its own. */
  async function hasLaunched(slot: Slot): Promise<boolean> {
    if ((await recorded(slot, 'supervisor')) === undefined) return false;
    return (await host.read(inSlot(slot, 'app'))) !== undefined;
  }

  async function stop(slot: Slot, grace: number): Promise<Stopped> {
    await Promise.all([host.run(['rm', '-f', inSlot(slot, 'instance')]), files(slot).vacate()]);
    if (await isGone(slot)) return { how: 'was-not-running' };
    await signal(slot, 'TERM');
    if (await within(grace, () => isGone(slot))) return { how: 'graceful' };
    await signal(slot, 'KILL');
    await until(
      killDeadline,
      () => isGone(slot),
      () => stillThere(slot),
    );
    return { how: 'killed' };
  }

  /** TERM goes to the supervisor: it is the parent, so for it no pid can be reused. KILL goes to all. */
  async function signal(slot: Slot, name: 'TERM' | 'KILL'): Promise<void> {
    const keeper = await recorded(slot, 'supervisor');
    if (keeper) await kill(name, String(keeper.pid));
    if (keeper && name === 'TERM') return;
    for (const pid of await members(slot)) await kill(name, String(pid));
  }

  /** Processes of the slot, each proven by the instance in its own environment. */
  async function members(slot: Slot): Promise<readonly number[]> {
    const [leader] = ((await host.read(inSlot(slot, 'app'))) ?? '').split(' ');
    if (!leader) return [];
    const { pids } = await processesOf(host, protocol, 'session', leader);
    const app = await recorded(slot, 'app');
    if (app) return pids;
    const instance = /CUTOVER_INSTANCE="([^"]*)"/.exec((await host.read(inSlot(slot, 'env'))) ?? '')?.[1];
    const bearing = await Promise.all(pids.map((pid) => variableOf(host, pid, 'CUTOVER_INSTANCE')));
    return pids.filter((_, index) => instance !== undefined && bearing[index] === instance);
  }

  async function isGone(slot: Slot): Promise<boolean> {
    if (await recorded(slot, 'supervisor')) return false;
    return (await members(slot)).length === 0;
  }

  async function kill(name: string, pid: string): Promise<void> {
    await host.run(['sh', '-c', 'kill -s "$1" -- "$2" 2> /dev/null', 'kill', name, pid]);
  }

  async function inspect(slot: Slot, depth: 'alive' | 'full' = 'full'): Promise<Inspection> {
    const [keeper, app] = await Promise.all([recorded(slot, 'supervisor'), running(slot)]);
    const release = app?.release ?? (await files(slot).occupant());
    const group =
      depth === 'full'
        ? await processesOf(host, protocol, app ? 'session' : 'none', app ? String(app.pid) : '')
        : undefined;
    return {
      state: app ? 'running' : release === undefined ? 'stopped' : 'exited',
      release,
      pid: app?.pid,
      since: app ? Number(app.words[0]) * 1000 : undefined,
      restarts: Number(app?.words[1] ?? 0),
      memory: app ? group?.memory : undefined,
      ports: group?.ports ?? [],
      taken: group !== undefined && isTaken(options.ports[slot], group),
      detail: await detailOf(slot, { occupied: release !== undefined, keeper, app }),
    };
  }

  async function detailOf(
    slot: Slot,
    { occupied, keeper, app }: { occupied: boolean; keeper: Recorded | undefined; app: Recorded | undefined },
  ): Promise<string | undefined> {
    if (app) return keeper ? undefined : 'its supervisor is gone: a crash would not be mended';
    if (!occupied) return undefined;
    const [code] = ((await host.read(inSlot(slot, 'exit'))) ?? '').trim().split(' ');
    if (keeper) return code ? `ended with exit code ${code}; it is started again` : 'starting';
    return code ? `ended with exit code ${code}` : 'not running; was the machine restarted?';
  }

  async function within(time: number, done: () => Promise<boolean>): Promise<boolean> {
    const end = clock.elapsed() + time;
    while (!(await done())) {
      if (clock.elapsed() > end) return false;
      await clock.sleep(10);
    }
    return true;
  }

  async function until(time: number, done: () => Promise<boolean>, failure: () => Failure): Promise<void> {
    if (!(await within(time, done))) throw failure();
  }

  return {
    name: 'process',
    start,
    stop,
    inspect,
    // Nothing of it starts by itself: `up` starts what was kept.
    keep: async () => {},
    async logs(of, { lines, follow }) {
      const release = 'release' in of ? of.release : ((await files(of.slot).occupant()) ?? '');
      return ['tail', '-n', String(lines), ...(follow ? ['-F'] : []), logFile(release)];
    },
  };
}

/** The application gets the environment that is configured, and no secret of whoever deploys. */
function cleanEnvironment({ me }: Host): readonly string[] {
  return ['env', '-i', `PATH=${me.path}`, `HOME=${me.home}`];
}

function stillThere(slot: Slot): Failure {
  return new Failure({
    code: 'STOP_FAILED',
    what: `${slot} is still there after KILL`,
    why: 'a process in uninterruptible sleep, or one that this user may not signal',
    fix: `see \`cutover status\`, end it by hand, then \`cutover recover\``,
  });
}
