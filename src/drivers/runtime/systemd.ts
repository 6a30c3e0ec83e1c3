import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { Failure } from '../../core/failure.ts';
import type { Slot } from '../../core/slot.ts';
import type { Host, Inspection, Launch, Runtime, Stopped } from '../../ports.ts';
import { isTaken, processesOf, variableOf, type ProcessGroup } from './processes.ts';
import { slotFiles } from './slot-files.ts';
import { journalOf, labelled } from './systemd-journal.ts';
import { provenFile, trialFile, unitName, type Manager } from './unit.ts';

type Properties = Readonly<Record<string, string>>;

const asked = [
  'LoadState',
  'ActiveState',
  'SubState',
  'MainPID',
  'NRestarts',
  'ControlGroup',
  'MemoryCurrent',
  'Result',
  'ExecMainStatus',
  'ExecMainStartTimestamp',
].join(',');
const noNumber = '18446744073709551615';
const startDeadline = 60_000;
/** How long after a restart it is told. */
const recently = 30_000;

/**
 * One unit per slot, written once by `setup`. A slot runs when the link to its release is there and
 * it was proven: that is what the unit asks for at boot, so what was live comes back and nothing else.
 */
export default function systemdRuntime(host: Host, config: Config, manager: Manager): Runtime {
  const { protocol } = config.router.l4;
  const files = (slot: Slot) => slotFiles(host, config.state, slot);
  const systemctl = (words: readonly string[], deadline?: number) =>
    host.run(['systemctl', ...scopeOf(manager), ...words], {
      env: busOf(manager),
      ...(deadline === undefined ? {} : { deadline }),
    });

  async function start(slot: Slot, launch: Launch): Promise<void> {
    await host.run(['rm', '-f', provenFile(config.state, slot)]);
    await host.write(trialFile(config.app, manager, slot), `${launch.release.id}\n`);
    await files(slot).occupy({ ...launch, argv: labelled(config.app, launch) });
    const { code, stderr } = await systemctl(['start', unitName(config.app, slot)], startDeadline);
    if (code !== 0) throw startFailed(slot, stderr);
  }

  async function stop(slot: Slot, grace: number): Promise<Stopped> {
    const before = await properties(slot);
    await Promise.all([
      files(slot).vacate(),
      host.run(['rm', '-f', provenFile(config.state, slot), trialFile(config.app, manager, slot)]),
    ]);
    if (!isActive(before)) return { how: 'was-not-running' };
    const { code, stderr } = await systemctl(['stop', unitName(config.app, slot)], grace + startDeadline);
    if (code !== 0) throw stopFailed(slot, stderr);
    const after = await properties(slot);
    // It counts restarts over a stop and a start otherwise.
    if (after['ActiveState'] === 'failed' || after['NRestarts'] !== '0')
      await systemctl(['reset-failed', unitName(config.app, slot)]);
    return { how: after['Result'] === 'timeout' ? 'killed' : 'graceful' };
  }

  async function properties(slot: Slot): Promise<Properties> {
    const { stdout } = await systemctl(['show', '--timestamp=unix', '-p', asked, unitName(config.app, slot)]);
    return Object.fromEntries(stdout.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
  }

  async function inspect(slot: Slot, depth: 'alive' | 'full' = 'full'): Promise<Inspection> {
    const unit = await properties(slot);
    const pid = Number(unit['MainPID']);
    const running = pid > 0 && unit['ActiveState'] === 'active';
    const own = running ? await variableOf(host, pid, 'CUTOVER_RELEASE') : undefined;
    const release = own ?? (await files(slot).occupant());
    const group = depth === 'full' ? await membersOf(running ? unit['ControlGroup'] : undefined) : undefined;
    const since = running ? Number(unit['ExecMainStartTimestamp']?.replace('@', '')) * 1000 : undefined;
    return {
      state: running ? 'running' : release === undefined ? 'stopped' : 'exited',
      release,
      pid: running ? pid : undefined,
      since,
      restarts: Number(unit['NRestarts'] ?? 0),
      memory: running ? (memoryOf(unit) ?? group?.memory) : undefined,
      ports: group?.ports ?? [],
      taken: group !== undefined && isTaken(config.slots[slot], group),
      detail: since === undefined ? release && detailOf(unit) : restartOf(unit, since),
    };
  }

  async function membersOf(group: string | undefined): Promise<ProcessGroup> {
    if (!group) return processesOf(host, protocol, 'none');
    // Where version 1 of cgroups is mounted (too), systemd keeps its own tree beside the others.
    const unified = (await host.read('/sys/fs/cgroup/cgroup.controllers')) !== undefined;
    return processesOf(host, protocol, 'cgroup', path.join('/sys/fs/cgroup', unified ? '' : 'systemd', group));
  }

  return {
    name: manager.of === 'user' ? 'systemd --user' : 'systemd',
    start,
    stop,
    inspect,
    keep: (slot) => host.write(provenFile(config.state, slot), ''),
    async logs(of, options) {
      const release = 'release' in of ? of.release : await files(of.slot).occupant();
      return journalOf(config, manager, { release, slot: 'slot' in of ? of.slot : undefined }, options);
    },
  };
}

function scopeOf(manager: Manager): readonly string[] {
  return manager.of === 'user' ? ['--user'] : [];
}

/** Over ssh, from CI and under sudo the bus of the user's manager is not, or wrongly, in the environment. */
function busOf(manager: Manager): Record<string, string> {
  return manager.of === 'user' ? { XDG_RUNTIME_DIR: `/run/user/${manager.uid}` } : {};
}

function isActive(unit: Properties): boolean {
  return unit['ActiveState'] !== 'inactive' && unit['ActiveState'] !== 'failed';
}

function memoryOf(unit: Properties): number | undefined {
  const memory = unit['MemoryCurrent'] ?? '';
  return /^\d+$/.test(memory) && memory !== noNumber ? Number(memory) : undefined;
}

function detailOf(unit: Properties): string {
  if (unit['LoadState'] === 'not-found') return 'its unit is gone; run `cutover setup`';
  const ended = endOf(unit);
  if (unit['SubState'] === 'auto-restart') return `${ended}; it is started again`;
  if (unit['ActiveState'] !== 'activating') return ended;
  return unit['NRestarts'] === '0' ? 'starting' : 'crashed and is being started again';
}

function endOf({ Result: result = '', ExecMainStatus: status = '?' }: Properties): string {
  if (result === 'exit-code') return `ended with exit code ${status}`;
  if (result === 'signal' || result === 'core-dump') return `ended by signal ${status}`;
  if (result === 'oom-kill') return 'ended by the kernel: out of memory';
  return result === 'success' ? 'not running' : `ended: ${result}`;
}

/** A loop of crashes is seen between two of them too. */
function restartOf({ NRestarts: restarts = '0' }: Properties, since: number): string | undefined {
  if (Number(restarts) === 0 || Date.now() - since > recently) return undefined;
  return `crashed and was started again ${restarts === '1' ? 'just now' : `${restarts} times, last just now`}`;
}

function startFailed(slot: Slot, stderr: string): Failure {
  return new Failure({
    code: 'START_FAILED',
    what: `systemd did not start ${slot}`,
    why: stderr.trim(),
    fix: 'is the unit there (`cutover setup`), and may this user start it? `cutover doctor` looks',
  });
}

function stopFailed(slot: Slot, stderr: string): Failure {
  return new Failure({
    code: 'STOP_FAILED',
    what: `systemd did not stop ${slot}`,
    why: stderr.trim(),
    fix: 'see `systemctl status` of the unit',
  });
}
