import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import type { Host, SetupAction } from '../../../ports.ts';

const folder = '/etc/systemd/system';

/** What brings the rules back at boot, and after others flush theirs; and what looks after servers behind this one. */
export async function l4Units(
  host: Host,
  config: Config,
  helper: string,
  deployer: string,
): Promise<readonly SetupAction[]> {
  if ((await host.read('/proc/1/comm'))?.trim() !== 'systemd') return [];
  const { app } = config;
  const rules = `cutover-${app}-l4.service`;
  const watch = `cutover-${app}-members.service`;
  // Over ssh there is no cutover that could stay there.
  const watches = config.router.l4.pools !== undefined && !host.me.remote;
  const names = [rules, ...(watches ? [watch] : [])];
  const dropIn = path.join(folder, 'nftables.service.d');
  return [
    unit(rules, rulesUnit(app, helper), 'brings the rules back at boot, with the split that was in force'),
    ...(watches ? [unit(watch, watchUnit(config, deployer), 'looks after the servers')] : []),
    { kind: 'directory', path: dropIn, mode: 0o755, owner: undefined, why: 'additions to the unit of nftables' },
    unit(`nftables.service.d/cutover-${app}.conf`, afterFlush(helper), 'what nftables flushes comes back at once'),
    { kind: 'apply', argv: ['systemctl', 'daemon-reload'], why: 'systemd reads the units' },
    { kind: 'apply', argv: ['systemctl', 'enable', '-q', '--now', ...names], why: 'now, and at boot' },
    { kind: 'unapply', argv: ['systemctl', 'disable', '-q', '--now', ...names], why: 'before the units go' },
    { kind: 'unapply', argv: ['systemctl', 'daemon-reload'], why: 'systemd forgets the units' },
  ];
}

function unit(name: string, content: string, why: string): SetupAction {
  return { kind: 'file', path: path.join(folder, name), content, mode: 0o644, owner: undefined, why };
}

function rulesUnit(app: string, helper: string): string {
  return `[Unit]
Description=cutover: the switch of ${app} in the kernel
After=nftables.service
Before=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${helper} restore

[Install]
WantedBy=multi-user.target
`;
}

/** Debian's nftables flushes the rules of everybody when it starts, restarts or reloads. */
function afterFlush(helper: string): string {
  return `[Service]
ExecStartPost=-${helper} restore
ExecReload=-${helper} restore
`;
}

/** The one thing of cutover that stays: somebody has to notice that a server died. */
function watchUnit({ app, file }: Config, deployer: string): string {
  const main = process.argv[1] ?? 'cutover';
  return `[Unit]
Description=cutover: the servers of ${app}
After=network-online.target cutover-${app}-l4.service

[Service]
User=${deployer}
ExecStart=${process.execPath} ${main} members --watch --config ${file}
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`;
}
