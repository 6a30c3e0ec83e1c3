import path from 'node:path';
import type { Config } from '../../config/config.ts';
import type { Slot } from '../../core/slot.ts';

/** Whose service manager: the machine's own (root), or the user's. */
export type Manager = { of: 'system' } | { of: 'user'; uid: number };

export function unitName(app: string, slot: Slot): string {
  return `cutover-${app}-${slot}.service`;
}

/** In the state, not in the user's home: root writes nothing there. The machine's own lie where every admin looks. */
export function unitFile({ state, app }: Config, manager: Manager, slot: Slot): string {
  return path.join(manager.of === 'user' ? path.join(state, 'units') : '/etc/systemd/system', unitName(app, slot));
}

/** Says that the release in the slot may run although nothing has proven it yet. Gone with the next boot. */
export function trialFile(app: string, manager: Manager, slot: Slot): string {
  const folder = manager.of === 'user' ? `/run/user/${manager.uid}` : '/run';
  return path.join(folder, `cutover-${app}-${slot}.trial`);
}

/** Says that the release in the slot was healthy once, so that it comes back after a reboot. */
export function provenFile(state: string, slot: Slot): string {
  return path.join(state, 'slots', slot, 'proven');
}

/** What a service may no longer do. Mounts of its own are not for users: their manager ignores or refuses them. */
const forAll = ['NoNewPrivileges=yes', 'LockPersonality=yes', 'RestrictRealtime=yes', 'RestrictSUIDSGID=yes'];
const forSystem = [
  'PrivateTmp=yes',
  'ProtectSystem=full',
  'ProtectKernelTunables=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelLogs=yes',
  'ProtectControlGroups=yes',
  'ProtectHostname=yes',
];

export function unitText(config: Config, manager: Manager, slot: Slot): string {
  const folder = escaped(path.join(config.state, 'slots', slot));
  const system = manager.of === 'system';
  return `# Written by \`cutover setup\` for ${config.app}. Do not edit: \`cutover setup --remove\` takes it back.
[Unit]
Description=${config.app} in slot ${slot} (cutover)
${system ? 'Wants=network-online.target\nAfter=network-online.target\n' : ''}# It holds a release, which was healthy once or is on trial since this boot.
ConditionPathExists=${folder}/release
ConditionPathExists=|${escaped(provenFile(config.state, slot))}
ConditionPathExists=|${trialFile(config.app, manager, slot)}
StartLimitIntervalSec=0

[Service]
Type=exec
${settings(config, manager, slot).join('\n')}
Restart=always
RestartSec=1s
SuccessExitStatus=143
KillMode=mixed
${[...forAll, ...(system ? [...forSystem, `ReadWritePaths=-${escaped(config.state)}`] : [])].join('\n')}

[Install]
WantedBy=${system ? 'multi-user.target' : 'default.target'}
`;
}

/** The lines that come from cutover.yaml: a unit without one of them was written for another one. */
export function settings(config: Config, manager: Manager, slot: Slot): readonly string[] {
  const folder = escaped(path.join(config.state, 'slots', slot));
  return [
    `ExecStart=/bin/sh ${folder}/run`,
    `EnvironmentFile=${folder}/env`,
    `WorkingDirectory=${folder}`,
    `TimeoutStopSec=${Math.ceil(config.grace / 1000)}s`,
    // Also for root: only with a user does systemd set HOME.
    ...(manager.of === 'system' ? [`User=${config.user ?? 'root'}`] : []),
  ];
}

/** `%` begins a specifier of systemd. */
function escaped(file: string): string {
  return file.replaceAll('%', '%%');
}
