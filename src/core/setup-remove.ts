import type { SetupCommand } from '../ports.ts';
import { exitCodes, Failure } from './failure.ts';
import { asWho, describe, filtered, settledFrontDoor, type SetupWorld } from './setup-action.ts';
import { bytesOf, readManifest, writeManifest, type Before, type Manifest, type Replaced } from './setup-manifest.ts';

/** Takes everything back, the state directory last. */
export async function removeSetup(world: SetupWorld): Promise<void> {
  const manifest = await readManifest(world);
  if (!manifest) throw notSetUp(world.config.state);
  await mustBeUnchanged(world, manifest);
  await undo(world, manifest);
}

/** After a failure: a first set-up leaves nothing, a later one leaves what was there before it. */
export async function takeBack(world: SetupWorld, manifest: Manifest, before: Before): Promise<void> {
  if (before.manifest === undefined) return undo(world, manifest);
  for (const file of before.files) await restore(world, file);
  await writeManifest(world, before.manifest);
  if (before.files.length === 0) return;
  for (const command of manifest.unapply.filter((entry) => !isBefore(entry) && !entry.final))
    await tried(world, command);
}

async function undo(world: SetupWorld, manifest: Manifest): Promise<void> {
  const { host, report } = world;
  for (const command of manifest.unapply.filter(isBefore)) await tried(world, command);
  for (const file of manifest.replaced) await restore(world, file);
  for (const command of manifest.unapply.filter((entry) => !isBefore(entry))) await tried(world, command);
  await settledFrontDoor(world, ({ slot }) => slot === undefined);
  const found = manifest.found ?? [];
  for (const folder of manifest.directories.toReversed()) {
    report(`remove ${folder}`);
    if (folder === world.config.state && found.length > 0) await empty(world, found);
    else await host.run(['rm', '-rf', '--', folder]);
  }
  if (manifest.parents.length > 0) await host.run(['rmdir', '--ignore-fail-on-non-empty', '--', ...manifest.parents]);
}

/** Made again, a folder would be another one to a container that has it mounted. */
async function empty({ host, config }: SetupWorld, kept: readonly string[]): Promise<void> {
  await host.run(['find', config.state, '-mindepth', '1', ...kept.flatMap((one) => ['!', '-path', one]), '-delete']);
}

/** Units are disabled while they are there; nginx reloads once its files are gone. */
function isBefore({ argv }: SetupCommand): boolean {
  return argv.includes('disable');
}

async function tried(world: SetupWorld, command: SetupCommand): Promise<void> {
  world.report(describe(command));
  await world.host.run(asWho(world, command));
}

/** Bytes that are no text cannot go through `write`. $1 file, $2 mode; base64 on its input. */
const giveBack = `
new=$1.$$.tmp
base64 -d > "$new" && chmod "$2" "$new" && sync "$new" && mv -f "$new" "$1" || { rm -f "$new"; exit 1; }`;

async function restore({ host, report }: SetupWorld, { path: file, before, look }: Replaced): Promise<void> {
  report(before === null ? `remove ${file}` : `give back ${file}`);
  if (before === null) return void (await host.run(['rm', '-f', '--', file]));
  const [mode = '644', uid, gid] = look?.split(' ') ?? [];
  const { code, stderr } = await host.run(['sh', '-c', giveBack, 'give-back', file, mode], { input: before });
  if (code !== 0) throw new Error(`${file} could not be given back: ${stderr.trim()}`);
  if (uid && gid && host.me.uid === 0) await host.run(['chown', `${uid}:${gid}`, '--', file]);
}

async function mustBeUnchanged({ host }: SetupWorld, { replaced }: Manifest): Promise<void> {
  const changed = await filtered(replaced, async (file) => {
    const now = await bytesOf(host, file.path);
    return now !== undefined && now !== file.ours && now !== file.before;
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

function notSetUp(state: string): Failure {
  return new Failure({
    code: 'NOT_SET_UP',
    exit: exitCodes.configuration,
    what: 'there is nothing to take back',
    why: `${state}/setup.json does not exist`,
  });
}
