import path from 'node:path';
import type { Config } from '../config/config.ts';
import type { Host, Owner, Router, SetupAction, SetupCommand } from '../ports.ts';
import { exitCodes, Failure } from './failure.ts';
import { slots } from './slot.ts';

/** The user who deploys after the set-up, and to whom the state belongs. */
export interface Deployer {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

export interface SetupWorld {
  config: Config;
  host: Host;
  router: Router;
  deployer: Deployer;
  /** What the drivers know to check; each rejects with a failure. */
  checks: readonly (() => Promise<void>)[];
  /** Told before each action, and what becomes of it. */
  report: (line: string) => void;
}

type Thing = Exclude<SetupAction, SetupCommand>;

/** What stood at the path of a file of ours before. Kept so that `--remove` gives it back byte for byte. */
interface Replaced {
  path: string;
  /** Base64; null when nothing stood there. */
  before: string | null;
  /** What we wrote, to notice that somebody else changed it since. Base64. */
  ours: string;
}

interface Manifest {
  replaced: readonly Replaced[];
  directories: readonly string[];
  unapply: readonly SetupCommand[];
}

const frontDoorTries = 100;

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
  const things = actions.filter((action): action is Thing => !isCommand(action));
  const commands = actions.filter(isCommand);
  await mustNotBeLinks(world, things);
  const missing = await filtered(things, async (thing) => !(await isThere(world, thing)));
  if (missing.length === 0 && (await world.router.ask()).slot) return 0;
  for (const command of commands.filter(({ kind }) => kind === 'test')) await mustSucceed(world, command);
  const manifest = await remembered(world, missing, commands);
  try {
    for (const thing of missing) await make(world, thing);
    for (const command of commands.filter(({ kind }) => kind === 'check' || kind === 'apply'))
      await mustSucceed(world, command);
    await mustLeadHere(world);
    for (const check of world.checks) await check();
  } catch (error) {
    await takeBack(world, manifest, missing);
    throw error;
  }
  return missing.length;
}

/** Takes everything back, the state directory last. */
export async function removeSetup(world: SetupWorld): Promise<void> {
  const { host, config, report } = world;
  const manifest = await readManifest(world);
  if (!manifest) throw notSetUp(config.state);
  await mustBeUnchanged(world, manifest);
  const [before, after] = [manifest.unapply.filter(isBefore), manifest.unapply.filter((command) => !isBefore(command))];
  for (const command of before) await tried(world, command);
  for (const file of manifest.replaced) await restore(world, file);
  for (const command of after) await tried(world, command);
  for (const folder of manifest.directories.toReversed()) {
    report(`remove ${folder}`);
    await host.run(['rm', '-rf', '--', folder]);
  }
}

/** Units are disabled while they are there; nginx reloads once its files are gone. */
function isBefore({ argv }: SetupCommand): boolean {
  return argv.includes('disable');
}

function isCommand(action: SetupAction): action is SetupCommand {
  return 'argv' in action;
}

async function filtered<T>(items: readonly T[], test: (item: T) => Promise<boolean>): Promise<readonly T[]> {
  const kept = await Promise.all(items.map(test));
  return items.filter((_, index) => kept[index]);
}

async function isThere({ host, deployer }: SetupWorld, thing: Thing): Promise<boolean> {
  if (thing.kind === 'marker')
    return (
      (await host.run(['sh', '-c', '[ -e "$1" ] || [ -e "$2" ]', 'is-there', thing.path, thing.unless])).code === 0
    );
  const { stdout } = await host.run(['stat', '-c', '%a %u %F', thing.path]);
  const [mode, uid, ...words] = stdout.trim().split(' ');
  const ownerFits = thing.owner !== 'deployer' || Number(uid) === deployer.uid;
  const looksRight = mode === thing.mode.toString(8) && ownerFits;
  if (thing.kind === 'directory') return looksRight && words.join(' ') === 'directory';
  return looksRight && (await host.read(thing.path)) === thing.content;
}

/** A link where a directory of ours should be would send root's writes elsewhere. */
async function mustNotBeLinks({ host }: SetupWorld, things: readonly Thing[]): Promise<void> {
  for (const thing of things) {
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

/** Written before anything changes, so that even a killed set-up can be taken back. */
async function remembered(
  world: SetupWorld,
  missing: readonly Thing[],
  commands: readonly SetupCommand[],
): Promise<Manifest> {
  const { host, config } = world;
  const known = await readManifest(world);
  const files = missing.filter((thing) => thing.kind === 'file' && !inside(config.state, thing.path));
  const replaced = await Promise.all(files.map((thing) => replacement(world, thing, known)));
  const untouched = (known?.replaced ?? []).filter((old) => !replaced.some((file) => file.path === old.path));
  const created = missing.filter((thing) => thing.kind === 'directory' && !inside(config.state, thing.path));
  const absent = await filtered(
    created,
    async ({ path: folder }) => (await host.run(['test', '-e', folder])).code !== 0,
  );
  const manifest: Manifest = {
    replaced: [...untouched, ...replaced],
    directories: [...new Set([config.state, ...(known?.directories ?? []), ...absent.map((thing) => thing.path)])],
    unapply: commands.filter(({ kind }) => kind === 'unapply'),
  };
  for (const thing of missing.filter((entry) => entry.path === config.state)) await make(world, thing);
  await host.write(manifestFile(config), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o644 });
  return manifest;
}

async function replacement({ host }: SetupWorld, thing: Thing, known: Manifest | undefined): Promise<Replaced> {
  const first = known?.replaced.find((file) => file.path === thing.path);
  const text = await host.read(thing.path);
  const before = first ? first.before : text === undefined ? null : base64(text);
  return { path: thing.path, before, ours: base64('content' in thing ? thing.content : '') };
}

async function make(world: SetupWorld, thing: Thing): Promise<void> {
  const { host, report } = world;
  report(describe(thing));
  if (thing.kind === 'directory') await host.run(['mkdir', '-p', '-m', thing.mode.toString(8), thing.path]);
  else if (thing.kind === 'file') await host.write(thing.path, thing.content, { mode: thing.mode });
  else await host.write(thing.path, '');
  if (thing.kind === 'directory') await host.run(['chmod', thing.mode.toString(8), thing.path]);
  await own(world, thing.path, thing.kind === 'marker' ? 'deployer' : thing.owner);
}

async function own({ host, deployer }: SetupWorld, file: string, owner: Owner): Promise<void> {
  if (process.getuid?.() !== 0 || owner === undefined) return;
  const who = owner === 'deployer' ? `${deployer.uid}:${deployer.gid}` : `0:${deployer.gid}`;
  await host.run(['chown', '-h', who, file]);
}

async function mustSucceed(world: SetupWorld, command: SetupCommand): Promise<void> {
  world.report(describe(command));
  const { code, stderr, stdout } = await world.host.run(asWho(world, command));
  if (code === 0) return;
  throw new Failure({
    code: command.kind === 'apply' ? 'SETUP_FAILED' : 'NGINX_CONFIG_BROKEN',
    exit: exitCodes.safe,
    what: `set-up stopped: ${command.why}: exit code ${code}`,
    why: `${stderr}${stdout}`.trim(),
    left: 'every file is as it was before',
    fix: 'mend what it names, then run `cutover setup` again; `--print` shows what it would do',
  });
}

async function tried(world: SetupWorld, command: SetupCommand): Promise<void> {
  world.report(describe(command));
  await world.host.run(asWho(world, command));
}

function asWho({ deployer }: SetupWorld, { argv, asDeployer }: SetupCommand): readonly string[] {
  if (!asDeployer || process.getuid?.() === deployer.uid) return argv;
  return ['runuser', '-u', deployer.name, '--', 'env', `XDG_RUNTIME_DIR=/run/user/${deployer.uid}`, ...argv];
}

/** The reload takes effect later than it returns, so the front door is asked until it knows us. */
async function mustLeadHere({ router, host }: SetupWorld): Promise<void> {
  let last = '';
  for (let attempt = 0; attempt < frontDoorTries; attempt++) {
    const answer = await router.ask();
    if (answer.slot) return;
    last = answer.detail;
    await host.run(['sleep', '0.05']);
  }
  throw new Failure({
    code: 'FRONT_DOOR_SILENT',
    what: 'nginx took the configuration, but requests do not come to this app',
    why: last,
    left: 'every file is as it was before',
    fix: 'is the include inside the server block of the right domain, or does another server block answer first? `cutover doctor` looks',
  });
}

async function takeBack(world: SetupWorld, manifest: Manifest, made: readonly Thing[]): Promise<void> {
  const paths = new Set(made.map((thing) => thing.path));
  const files = manifest.replaced.filter((file) => paths.has(file.path));
  for (const file of files) await restore(world, file);
  if (files.length > 0)
    for (const command of manifest.unapply.filter((entry) => !isBefore(entry))) await tried(world, command);
}

async function restore({ host, report }: SetupWorld, { path: file, before }: Replaced): Promise<void> {
  report(before === null ? `remove ${file}` : `give back ${file}`);
  if (before === null) await host.run(['rm', '-f', '--', file]);
  else await host.write(file, Buffer.from(before, 'base64').toString('utf8'));
}

async function mustBeUnchanged({ host }: SetupWorld, { replaced }: Manifest): Promise<void> {
  const changed = await filtered(replaced, async (file) => {
    const now = await host.read(file.path);
    return now !== undefined && base64(now) !== file.ours && base64(now) !== file.before;
  });
  if (changed.length === 0) return;
  throw new Failure({
    code: 'CHANGED_BY_OTHERS',
    exit: exitCodes.needsPerson,
    what: 'somebody changed a file since it was set up, so nothing was removed',
    why: changed.map((file) => file.path).join('\n'),
    fix: 'keep what you need of it, run `cutover setup` to make it ours again, then remove',
  });
}

async function readManifest({ host, config }: SetupWorld): Promise<Manifest | undefined> {
  const text = await host.read(manifestFile(config));
  return text === undefined ? undefined : (JSON.parse(text) as Manifest);
}

function manifestFile({ state }: Config): string {
  return path.join(state, 'setup.json');
}

function notSetUp(state: string): Failure {
  return new Failure({
    code: 'NOT_SET_UP',
    exit: exitCodes.configuration,
    what: 'there is nothing to take back',
    why: `${state}/setup.json does not exist`,
  });
}

function inside(folder: string, file: string): boolean {
  return file === folder || file.startsWith(`${folder}/`);
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}

/** One line for people. */
export function describe(action: SetupAction): string {
  if (isCommand(action)) return `${action.kind.padEnd(7)} ${action.why}`;
  if (action.kind === 'marker') return `marker  ${action.path}  ${action.why}`;
  const mode = ` (${action.mode.toString(8)}${action.owner === 'deployer' ? ', yours' : ''})`;
  return `${action.kind === 'directory' ? 'folder ' : action.kind.padEnd(7)} ${action.path}${mode}  ${action.why}`;
}
