import path from 'node:path';
import type { Config } from '../config/config.ts';
import type { Host, SetupCommand } from '../ports.ts';
import { exitCodes, Failure } from './failure.ts';
import { filtered, type SetupWorld, type Thing } from './setup-action.ts';

/** What stood at the path of a file of ours before. Kept so that `--remove` gives it back byte for byte. */
export interface Replaced {
  path: string;
  /** Base64; null when nothing stood there. */
  before: string | null;
  /** `MODE UID GID` of what stood there. */
  look?: string;
  /** What we wrote, to notice that somebody else changed it since. Base64. */
  ours: string;
}

export interface Manifest {
  replaced: readonly Replaced[];
  /** Made for this app alone: they go with all that is in them. */
  directories: readonly string[];
  /** Made on the way to those, deepest first: they go when they are empty. */
  parents: readonly string[];
  unapply: readonly SetupCommand[];
  /** Empty folders that were in the state directory before: a container has them mounted, so they stay the same ones. */
  found?: readonly string[];
}

/** What an earlier set-up left: where a later one fails, that is what it goes back to. */
export interface Before {
  /** Undefined: nothing was set up. */
  manifest: Manifest | undefined;
  files: readonly Replaced[];
}

export async function asItStands(world: SetupWorld, missing: readonly Thing[]): Promise<Before> {
  const files = missing.filter((thing) => thing.kind === 'file');
  return {
    manifest: await readManifest(world),
    files: await Promise.all(files.map((thing) => replacement(world, thing, undefined))),
  };
}

/** Written before anything changes, so that even a killed set-up can be taken back. */
export async function remembered(
  world: SetupWorld,
  missing: readonly Thing[],
  commands: readonly SetupCommand[],
  make: (thing: Thing) => Promise<void>,
): Promise<Manifest> {
  const { config } = world;
  const known = await readManifest(world);
  const found = known ? [] : await emptyFolders(world);
  const manifest = merged(known, { ...(await changes(world, missing, commands, known)), found });
  for (const thing of missing.filter((entry) => entry.path === config.state)) await make(thing);
  await writeManifest(world, manifest);
  return manifest;
}

async function changes(
  world: SetupWorld,
  missing: readonly Thing[],
  commands: readonly SetupCommand[],
  known: Manifest | undefined,
): Promise<Manifest> {
  const { host, config } = world;
  const outside = missing.filter((thing) => !inside(config.state, thing.path));
  const files = outside.filter((thing) => thing.kind === 'file');
  const wanted = [config.state, ...outside.filter((thing) => thing.kind === 'directory').map((thing) => thing.path)];
  const absent = async (folder: string) => (await host.run(['test', '-e', folder])).code !== 0;
  const above = [...new Set(wanted.flatMap(ancestors))].toSorted((a, b) => b.length - a.length);
  return {
    replaced: await Promise.all(files.map((thing) => replacement(world, thing, known))),
    directories: [config.state, ...(await filtered(wanted.slice(1), absent))],
    parents: await filtered(above, absent),
    unapply: commands.filter(({ kind }) => kind === 'unapply'),
  };
}

/** What an earlier set-up did stays remembered. */
function merged(known: Manifest | undefined, now: Manifest): Manifest {
  if (!known) return now;
  const newPaths = new Set(now.replaced.map((file) => file.path));
  const newCommands = new Set(now.unapply.map(({ argv }) => argv.join('\0')));
  return {
    replaced: [...known.replaced.filter((old) => !newPaths.has(old.path)), ...now.replaced],
    directories: [...new Set([...known.directories, ...now.directories])],
    parents: [...new Set([...known.parents, ...now.parents])],
    found: known.found ?? [],
    unapply: [...now.unapply, ...known.unapply.filter(({ argv }) => !newCommands.has(argv.join('\0')))],
  };
}

async function replacement({ host }: SetupWorld, thing: Thing, known: Manifest | undefined): Promise<Replaced> {
  const ours = base64('content' in thing ? thing.content : '');
  const first = known?.replaced.find((file) => file.path === thing.path);
  if (first) return { ...first, ours };
  const before = await bytesOf(host, thing.path);
  if (before === undefined) return { path: thing.path, before: null, ours };
  const { stdout } = await host.run(['stat', '-c', '%a %u %g', thing.path]);
  return { path: thing.path, before, look: stdout.trim(), ours };
}

/** `--remove` takes the whole state directory away, so nothing of others may lie in it but folders that hold nothing. */
async function emptyFolders({ host, config }: SetupWorld): Promise<readonly string[]> {
  const listed = async (...tests: readonly string[]) =>
    (await host.run(['find', config.state, '-mindepth', '1', '-maxdepth', '1', ...tests])).stdout
      .split('\n')
      .filter(Boolean);
  const empty = await listed('-type', 'd', '-empty');
  const found = (await listed()).filter((one) => !empty.includes(one)).map((one) => path.basename(one));
  if (found.length === 0) return empty;
  throw new Failure({
    code: 'STATE_OCCUPIED',
    exit: exitCodes.configuration,
    what: `${config.state} holds files that are not of cutover`,
    why: `found ${found.slice(0, 5).join(', ')}, and no setup.json`,
    fix: 'name a directory of its own in `state`, or empty this one',
  });
}

export async function readManifest({ host, config }: SetupWorld): Promise<Manifest | undefined> {
  const text = await host.read(manifestFile(config));
  return text === undefined ? undefined : (JSON.parse(text) as Manifest);
}

export async function writeManifest({ host, config }: SetupWorld, manifest: Manifest): Promise<void> {
  await host.write(manifestFile(config), `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o644 });
}

function manifestFile({ state }: Config): string {
  return path.join(state, 'setup.json');
}

function inside(folder: string, file: string): boolean {
  return file === folder || file.startsWith(`${folder}/`);
}

function ancestors(folder: string): readonly string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [] : [parent, ...ancestors(parent)];
}

/** Base64 of a file, undefined when there is none. As text it would not come back whole: comments may be in any encoding. */
export async function bytesOf(host: Host, file: string): Promise<string | undefined> {
  const { code, stdout } = await host.run(['base64', '-w', '0', '--', file]);
  return code === 0 ? stdout : undefined;
}

export function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
