import path from 'node:path';
import type { Config } from '../config/config.ts';
import type { Owner, SetupAction, SetupCommand } from '../ports.ts';
import { exitCodes, Failure } from './failure.ts';
import { asWho, describe, filtered, settledFrontDoor, isCommand, type SetupWorld, type Thing } from './setup-action.ts';
import { asItStands, remembered } from './setup-manifest.ts';
import { takeBack } from './setup-remove.ts';
import { slots } from './slot.ts';

/** The state directory, which every driver's own actions build on. */
export function stateActions({ state }: Config): readonly SetupAction[] {
  const folder = (name: string, mode: number, why: string) =>
    ({ kind: 'directory', path: path.join(state, name), mode, owner: 'deployer', why }) as const;
  return [
    folder('', 0o755, 'everything cutover knows about the app'),
    folder('releases', 0o755, 'each release, as it was deployed'),
    folder('slots', 0o755, 'what runs where'),
    ...slots.map((slot) => folder(`slots/${slot}`, 0o755, `slot ${slot}`)),
    folder('logs', 0o700, "the application's output"),
    folder('lock', 0o700, 'one deployment at a time'),
  ];
}

/** Does what is missing. Answers how many actions that were; on any failure all is as it was. */
export async function setUp(world: SetupWorld, actions: readonly SetupAction[]): Promise<number> {
  await mustKeepPorts(world);
  const things = actions.filter((action): action is Thing => !isCommand(action));
  const commands = actions.filter(isCommand);
  await mustNotBeLinks(world, things);
  const missing = await filtered(things, async (thing) => !(await isThere(world, thing)));
  if (missing.length === 0 && (await world.router.ask()).slot) return 0;
  for (const command of commands.filter(({ kind }) => kind === 'test')) await mustSucceed(world, command);
  const before = await asItStands(world, missing);
  const manifest = await remembered(world, missing, commands, (thing) => make(world, thing));
  try {
    await apply(world, missing, commands);
  } catch (error) {
    await takeBack(world, manifest, before);
    throw error;
  }
  return missing.length;
}

/** Files of the set-up that are not as it would write them now; rejects when one may not be read. */
export async function outdated(world: SetupWorld, actions: readonly SetupAction[]): Promise<readonly string[]> {
  const files = actions.filter((action): action is Thing => action.kind === 'file');
  return (await filtered(files, async (file) => !(await isThere(world, file)))).map((file) => file.path);
}

/** The router would lead to ports on which what runs does not listen. A container has its port inside written down. */
async function mustKeepPorts({ config, host }: SetupWorld): Promise<void> {
  if (config.runtime === 'docker' || config.router.l4.pools) return;
  for (const slot of slots) {
    const folder = path.join(config.state, 'slots', slot);
    if ((await host.read(path.join(folder, 'release'), { link: true })) === undefined) continue;
    const port = /^PORT="(\d+)"$/m.exec((await host.read(path.join(folder, 'env'))) ?? '')?.[1];
    if (port === undefined || Number(port) === config.slots[slot]) continue;
    throw new Failure({
      code: 'SLOT_IN_USE',
      exit: exitCodes.configuration,
      what: `${slot} runs on port ${port}, so the router is not led to ${config.slots[slot]}`,
      why: 'a release is in the slot, and the traffic would go where nothing listens',
      fix: `keep \`slots.${slot}: ${port}\`, or \`cutover down\`, set up, and \`cutover up\``,
    });
  }
}

async function apply(world: SetupWorld, missing: readonly Thing[], commands: readonly SetupCommand[]): Promise<void> {
  // The state directory is there already: what is done is remembered in it.
  for (const thing of missing.filter(({ path: at }) => at !== world.config.state)) await make(world, thing);
  for (const command of commands.filter(({ kind }) => kind === 'check' || kind === 'apply'))
    await mustSucceed(world, command);
  await mustLeadHere(world);
  for (const check of world.checks) await check({ shares: false });
}

async function isThere({ host, deployer }: SetupWorld, thing: Thing): Promise<boolean> {
  if (thing.kind === 'marker')
    return (
      (await host.run(['sh', '-c', '[ -e "$1" ] || [ -e "$2" ]', 'is-there', thing.path, thing.unless])).code === 0
    );
  if (thing.kind === 'link') return (await host.read(thing.path, { link: true }).catch(() => '')) === thing.target;
  const { stdout } = await host.run(['stat', '-c', '%a %u %F', thing.path]);
  const [mode, uid, ...words] = stdout.trim().split(' ');
  const ownerFits = thing.owner !== 'deployer' || Number(uid) === deployer.uid;
  const looksRight = mode === thing.mode.toString(8) && ownerFits;
  if (thing.kind === 'directory') return looksRight && words.join(' ') === 'directory';
  return looksRight && (await host.read(thing.path)) === thing.content;
}

/** A link where a directory of ours should be would send root's writes elsewhere. */
async function mustNotBeLinks({ host }: SetupWorld, things: readonly Thing[]): Promise<void> {
  for (const thing of things.filter(({ kind }) => kind !== 'link')) {
    const link = await host.read(thing.path, { link: true }).catch(() => undefined);
    if (link === undefined) continue;
    throw new Failure({
      code: 'SYMLINK_REFUSED',
      exit: exitCodes.configuration,
      what: `${thing.path} is a symbolic link`,
      why: `it points to ${link}; what is written there must be what is named`,
      fix: 'remove it, or name the real path in cutover.yaml',
    });
  }
}

async function make(world: SetupWorld, thing: Thing): Promise<void> {
  const { host, report } = world;
  report(describe(thing));
  if (thing.kind === 'directory') await host.run(['mkdir', '-p', '-m', thing.mode.toString(8), thing.path]);
  else if (thing.kind === 'file') await host.write(thing.path, thing.content, { mode: thing.mode });
  else await host.write(thing.path, thing.kind === 'link' ? { link: thing.target } : '');
  if (thing.kind === 'directory') await host.run(['chmod', thing.mode.toString(8), thing.path]);
  await own(world, thing.path, thing.kind === 'marker' || thing.kind === 'link' ? 'deployer' : thing.owner);
}

async function own({ host, deployer }: SetupWorld, file: string, owner: Owner): Promise<void> {
  if (host.me.uid !== 0 || owner === undefined) return;
  const who = owner === 'deployer' ? `${deployer.uid}:${deployer.gid}` : `0:${deployer.gid}`;
  await host.run(['chown', '-h', who, file]);
}

async function mustSucceed(world: SetupWorld, command: SetupCommand): Promise<void> {
  world.report(describe(command));
  const { code, stderr, stdout } = await world.host.run(asWho(world, command));
  if (code === 0) return;
  const why = `${stderr}${stdout}`.trim();
  const left = 'every file is as it was before';
  const refusal = command.refusals?.[code];
  if (refusal) throw new Failure({ ...refusal, exit: exitCodes.configuration, why, left });
  throw new Failure({
    code: command.kind === 'apply' ? 'SETUP_FAILED' : 'NGINX_CONFIG_BROKEN',
    exit: exitCodes.safe,
    what: `set-up stopped: ${command.why}: exit code ${code}`,
    why,
    left,
    fix: 'mend what it names, then run `cutover setup` again; `--print` shows what it would do',
  });
}

async function mustLeadHere(world: SetupWorld): Promise<void> {
  const { slot, detail } = await settledFrontDoor(world, (answer) => answer.slot !== undefined);
  if (slot !== undefined) return;
  throw new Failure({
    code: 'FRONT_DOOR_SILENT',
    what: 'nginx took the configuration, but requests do not come to this app',
    why: detail,
    left: 'every file is as it was before',
    fix: 'is the include inside the server block of the right domain, or does another server block answer first? `cutover doctor` looks',
  });
}
