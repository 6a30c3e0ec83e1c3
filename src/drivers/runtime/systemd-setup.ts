import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { exitCodes, Failure } from '../../core/failure.ts';
import type { Deployer } from '../../core/setup-action.ts';
import { slots, type Slot } from '../../core/slot.ts';
import type { Host, SetupAction } from '../../ports.ts';
import { settings, unitFile, unitName, unitText, type Manager } from './unit.ts';

/** Files and commands that make both units known, once. */
export async function systemdSetup(host: Host, config: Config, deployer: Deployer): Promise<readonly SetupAction[]> {
  if (deployer.uid === 0) return systemUnits(config);
  mustBeAbleTo(config, { of: 'user', uid: deployer.uid }, deployer.name);
  const lingers = (await host.run(['test', '-e', path.join('/var/lib/systemd/linger', deployer.name)])).code === 0;
  return userUnits(config, deployer, lingers);
}

/** A unit that is gone, or was written for other settings, is told before anything is touched. */
export function unitChecks(host: Host, config: Config, manager: Manager): readonly (() => Promise<void>)[] {
  const units = slots.map((slot) => async () => {
    const text = (await host.read(unitFile(config, manager, slot)))?.split('\n');
    const missing = settings(config, manager, slot).filter((line) => !text?.includes(line));
    if (missing.length > 0) throw outdated(config, slot, text ? missing : undefined);
  });
  return [async () => mustBeAbleTo(config, manager, host.me.user), ...units];
}

function systemUnits(config: Config): readonly SetupAction[] {
  const manager: Manager = { of: 'system' };
  const names = slots.map((slot) => unitName(config.app, slot));
  return [
    ...slots.map((slot) => unit(config, manager, slot)),
    { kind: 'apply', argv: ['systemctl', 'daemon-reload'], why: 'systemd reads the units' },
    { kind: 'apply', argv: ['systemctl', 'enable', '-q', ...names], why: 'a slot that holds a release starts at boot' },
    { kind: 'unapply', argv: ['systemctl', 'disable', '-q', ...names], why: 'before the units go' },
    { kind: 'unapply', argv: ['systemctl', 'daemon-reload'], why: 'systemd forgets the units' },
  ];
}

/** The deployer's own manager links to units in the state, so that nothing is written into a home by root. */
function userUnits(config: Config, deployer: Deployer, lingers: boolean): readonly SetupAction[] {
  const manager: Manager = { of: 'user', uid: deployer.uid };
  const files = slots.map((slot) => unitFile(config, manager, slot));
  const names = slots.map((slot) => unitName(config.app, slot));
  const folder = path.join(config.state, 'units');
  const systemctl = ['systemctl', '--user'];
  const asDeployer = true;
  return [
    { kind: 'directory', path: folder, mode: 0o755, owner: 'deployer', why: 'the units' },
    ...slots.map((slot) => unit(config, manager, slot)),
    ...(lingers ? [] : lingering(deployer)),
    {
      kind: 'apply',
      argv: [...systemctl, 'enable', '-q', ...files],
      asDeployer,
      why: 'a slot that holds a release starts at boot',
    },
    { kind: 'apply', argv: [...systemctl, 'daemon-reload'], asDeployer, why: 'systemd reads the units' },
    { kind: 'unapply', argv: [...systemctl, 'disable', '-q', ...names], asDeployer, why: 'before the units go' },
    { kind: 'unapply', argv: [...systemctl, 'daemon-reload'], asDeployer, why: 'systemd forgets the units' },
    {
      kind: 'unapply',
      argv: ['sh', '-c', 'cd "$1" && rmdir -p -- "$2"', 'tidy', deployer.home, '.config/systemd/user'],
      asDeployer,
      why: 'folders that systemd made in your home, if they are empty',
    },
    ...(lingers ? [] : [endOfLingering(deployer)]),
  ];
}

function unit(config: Config, manager: Manager, slot: Slot): SetupAction {
  return {
    kind: 'file',
    path: unitFile(config, manager, slot),
    content: unitText(config, manager, slot),
    mode: 0o644,
    owner: manager.of === 'user' ? 'deployer' : undefined,
    why: `runs ${slot}, restarts it, brings it back after a reboot`,
  };
}

/** The deployer's own service manager has to be there before it can be told anything, login or not. */
function lingering({ name, uid }: Deployer): readonly SetupAction[] {
  return [
    { kind: 'apply', argv: ['loginctl', 'enable-linger', name], why: 'your units run without you being logged in' },
    { kind: 'apply', argv: ['systemctl', 'start', `user@${uid}.service`], why: 'your service manager, now' },
  ];
}

/** Kept while another app of the same user needs it. */
function endOfLingering({ name, home }: Deployer): SetupAction {
  const script = 'ls "$1"/cutover-*.service > /dev/null 2>&1 || loginctl disable-linger "$2"';
  return {
    kind: 'unapply',
    argv: ['sh', '-c', script, 'linger', path.join(home, '.config/systemd/user'), name],
    why: 'as it was before, unless another app of yours runs',
  };
}

/** A user's own manager runs everything as that user. */
function mustBeAbleTo({ user }: Config, manager: Manager, name: string): void {
  if (manager.of === 'system' || user === undefined || user === name) return;
  throw new Failure({
    code: 'USER_NEEDS_ROOT',
    exit: exitCodes.configuration,
    what: `${name} cannot run the application as ${user}`,
    why: 'only root may start programs of another user',
    fix: `leave out \`user\`, deploy as ${user} (\`sudo cutover setup --owner ${user}\`), or let root deploy`,
  });
}

function outdated({ app }: Config, slot: Slot, missing: readonly string[] | undefined): Failure {
  return new Failure({
    code: 'UNIT_OUTDATED',
    exit: exitCodes.configuration,
    what: missing
      ? `the unit ${unitName(app, slot)} was written for other settings`
      : `the unit ${unitName(app, slot)} is not there`,
    why: missing ? `it lacks ${missing.join(', ')}` : 'without it systemd does not know the slot',
    fix: 'run `cutover setup` again (as root if it was root who did it)',
  });
}
