import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { Failure } from '../../core/failure.ts';
import { slots, type Slot } from '../../core/slot.ts';
import type { Deployer } from '../../core/setup.ts';
import type { Host, Inspection, Launch, Runtime, SetupAction, Stopped } from '../../ports.ts';
import { isTaken, processesOf } from './processes.ts';
import { slotFiles } from './slot-files.ts';

/** Whose service manager: the machine's own (root), or the user's. */
export type Manager = 'system' | 'user';

const noNumber = '18446744073709551615';

/**
 * One unit per slot, written once by `setup`. A slot runs when the link to its release is there:
 * that is what the unit asks for at boot, so what was live comes back and nothing else.
 */
export default function systemdRuntime(host: Host, config: Config, manager: Manager): Runtime {
  const files = (slot: Slot) => slotFiles(host, config.state, slot);
  const scope = manager === 'user' ? ['--user'] : [];
  const systemctl = (...words: readonly string[]) =>
    host.run(['systemctl', ...scope, ...words], { env: userBus(manager), deadline: config.grace + 60_000 });

  async function start(slot: Slot, launch: Launch): Promise<void> {
    await files(slot).occupy(launch);
    await systemctl('reset-failed', unitName(config.app, slot));
    const { code, stderr } = await systemctl('start', unitName(config.app, slot));
    if (code !== 0) throw startFailed(slot, stderr);
  }

  async function stop(slot: Slot): Promise<Stopped> {
    const before = await properties(slot);
    await files(slot).vacate();
    const { code, stderr } = await systemctl('stop', unitName(config.app, slot));
    if (code !== 0) throw stopFailed(slot, stderr);
    if (!isActive(before)) return { how: 'was-not-running' };
    const after = await properties(slot);
    await systemctl('reset-failed', unitName(config.app, slot));
    return { how: after['Result'] === 'timeout' ? 'killed' : 'graceful' };
  }

  async function properties(slot: Slot): Promise<Readonly<Record<string, string>>> {
    const names =
      'LoadState,ActiveState,SubState,MainPID,NRestarts,ControlGroup,MemoryCurrent,Result,ExecMainStatus,ExecMainStartTimestamp';
    const { stdout } = await systemctl('show', '--timestamp=unix', '-p', names, unitName(config.app, slot));
    return Object.fromEntries(stdout.split('\n').map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
  }

  async function inspect(slot: Slot, depth: 'alive' | 'full' = 'full'): Promise<Inspection> {
    const [occupant, unit] = await Promise.all([files(slot).occupant(), properties(slot)]);
    const pid = Number(unit['MainPID']);
    const running = pid > 0 && unit['ActiveState'] === 'active';
    const cgroup = path.join('/sys/fs/cgroup', unit['ControlGroup'] ?? '');
    const group = depth === 'full' ? await processesOf(host, running ? 'cgroup' : 'none', cgroup) : undefined;
    const memory = unit['MemoryCurrent'] ?? '';
    return {
      state: running ? 'running' : occupant === undefined ? 'stopped' : 'exited',
      release: (running ? await releaseOf(pid) : undefined) ?? occupant,
      pid: running ? pid : undefined,
      since: running ? Number(unit['ExecMainStartTimestamp']?.replace('@', '')) * 1000 : undefined,
      restarts: Number(unit['NRestarts'] ?? 0),
      memory: running ? (/^\d+$/.test(memory) && memory !== noNumber ? Number(memory) : group?.memory) : undefined,
      ports: group?.ports ?? [],
      taken: group !== undefined && isTaken(config.slots[slot], group),
      detail: running || occupant === undefined ? undefined : detailOf(unit),
    };
  }

  async function releaseOf(pid: number): Promise<string | undefined> {
    const environment = await host.read(`/proc/${pid}/environ`).catch(() => undefined);
    return environment
      ?.split('\0')
      .find((entry) => entry.startsWith('CUTOVER_RELEASE='))
      ?.slice(16);
  }

  return {
    name: manager === 'user' ? 'systemd --user' : 'systemd',
    start,
    stop,
    inspect,
    async logs(of, { lines, follow }) {
      const units = 'slot' in of ? [of.slot] : slots;
      const chosen = units.flatMap((slot) => [manager === 'user' ? '--user-unit' : '-u', unitName(config.app, slot)]);
      return [
        'journalctl',
        ...scope,
        '--no-pager',
        '-o',
        'cat',
        '-n',
        String(lines),
        ...(follow ? ['-f'] : []),
        ...chosen,
      ];
    },
  };
}

export function unitName(app: string, slot: Slot): string {
  return `cutover-${app}-${slot}.service`;
}

/** Files and commands that make both units known, once. */
export function systemdSetup(config: Config, manager: Manager, deployer: Deployer): readonly SetupAction[] {
  const asDeployer = manager === 'user';
  const folder = manager === 'user' ? path.join(deployer.home, '.config/systemd/user') : '/etc/systemd/system';
  const systemctl = ['systemctl', ...(manager === 'user' ? ['--user'] : [])];
  const names = slots.map((slot) => unitName(config.app, slot));
  return [
    ...(manager === 'user'
      ? [
          {
            kind: 'directory',
            path: folder,
            mode: 0o755,
            owner: 'deployer',
            why: 'where systemd reads your own units',
          } as const,
        ]
      : []),
    ...slots.map(
      (slot) =>
        ({
          kind: 'file',
          path: path.join(folder, unitName(config.app, slot)),
          content: unitText(config, manager, slot),
          mode: 0o644,
          owner: manager === 'user' ? 'deployer' : undefined,
          why: `runs ${slot}, restarts it, brings it back after a reboot`,
        }) as const,
    ),
    ...(manager === 'user' ? lingering(deployer) : []),
    { kind: 'apply', argv: [...systemctl, 'daemon-reload'], asDeployer, why: 'systemd reads the units' },
    {
      kind: 'apply',
      argv: [...systemctl, 'enable', '-q', ...names],
      asDeployer,
      why: 'a slot that holds a release starts at boot',
    },
    { kind: 'unapply', argv: [...systemctl, 'disable', '-q', ...names], asDeployer, why: 'before the units go' },
  ];
}

/** The deployer's own service manager has to be there before it can be told anything, login or not. */
function lingering({ name, uid }: Deployer): readonly SetupAction[] {
  return [
    { kind: 'apply', argv: ['loginctl', 'enable-linger', name], why: 'your units run without you being logged in' },
    { kind: 'apply', argv: ['systemctl', 'start', `user@${uid}.service`], why: 'your service manager, now' },
  ];
}

export function unitText(config: Config, manager: Manager, slot: Slot): string {
  const folder = path.join(config.state, 'slots', slot);
  const hardening = [
    'NoNewPrivileges=yes',
    ...(manager === 'system'
      ? [
          'PrivateTmp=yes',
          'ProtectSystem=full',
          'ProtectKernelTunables=yes',
          'ProtectControlGroups=yes',
          'RestrictSUIDSGID=yes',
        ]
      : []),
  ];
  return `# Written by \`cutover setup\` for ${config.app}. Do not edit: \`cutover setup --remove\` takes it back.
[Unit]
Description=${config.app} in slot ${slot} (cutover)
After=network-online.target
ConditionPathExists=${folder}/release
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=/bin/sh ${folder}/run
EnvironmentFile=${folder}/env
WorkingDirectory=${folder}
${manager === 'system' && config.user ? `User=${config.user}\n` : ''}Restart=always
RestartSec=1s
SuccessExitStatus=143
KillMode=mixed
TimeoutStopSec=${Math.ceil(config.grace / 1000)}s
${hardening.join('\n')}

[Install]
WantedBy=${manager === 'user' ? 'default.target' : 'multi-user.target'}
`;
}

function isActive(unit: Readonly<Record<string, string>>): boolean {
  return unit['ActiveState'] !== 'inactive' && unit['ActiveState'] !== 'failed';
}

function detailOf(unit: Readonly<Record<string, string>>): string {
  if (unit['LoadState'] === 'not-found') return 'its unit is gone; run `cutover setup`';
  const ended = `ended with ${unit['Result'] === 'exit-code' ? `exit code ${unit['ExecMainStatus'] ?? '?'}` : (unit['Result'] ?? '?')}`;
  if (unit['SubState'] === 'auto-restart') return `${ended}; it is started again`;
  return unit['ActiveState'] === 'activating' ? 'starting' : ended;
}

/** Over ssh and from CI the bus of the user's manager is not always in the environment. */
function userBus(manager: Manager): Record<string, string> {
  const uid = process.getuid?.();
  return manager === 'user' && !process.env['XDG_RUNTIME_DIR'] ? { XDG_RUNTIME_DIR: `/run/user/${uid ?? ''}` } : {};
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
