import path from 'node:path';
import { Failure } from './failure.ts';
import type { Release } from './release.ts';
import type { World } from './world.ts';

/** What is to be deployed: where it lies now, and what it will be called. */
export interface Artifact {
  /** Absolute local path of a file or a folder. */
  source: string;
  isFolder: boolean;
  /** Bytes. */
  size: number;
  digest: string;
}

/** The release that staging an artifact will make. */
export function releaseOf(
  world: World,
  id: string,
  artifact: Artifact,
  words: { message: string | undefined; notReversible: string | undefined },
): Release {
  const folder = path.join(world.config.state, 'releases', id, 'artifact');
  const name = path.basename(artifact.source);
  return {
    id,
    digest: artifact.digest,
    artifact: artifact.isFolder ? folder : path.join(folder, name),
    name,
    at: world.clock.now(),
    by: world.who,
    ...words,
  };
}

/**
 * Copies the artifact into a folder of its own, which appears whole or not at all. The application
 * works there: its user must be able to read its files, and to write beside them.
 */
export async function stage(world: World, release: Release, artifact: Artifact): Promise<string> {
  const { host, config } = world;
  const final = path.join(config.state, 'releases', release.id);
  const partial = path.join(config.state, 'releases', `.${release.id}.partial`);
  await mustFit(world, artifact);
  await host.run(['rm', '-rf', final, partial]);
  const folders = artifact.isFolder ? [partial] : [partial, `${partial}/artifact`];
  await mustSucceed(world, ['mkdir', '-m', '755', '--', ...folders]);
  await copied(world, artifact, path.join(partial, 'artifact', artifact.isFolder ? '' : release.name));
  if (config.user && process.getuid?.() === 0)
    await mustSucceed(world, ['chown', '-R', `${config.user}:`, '--', path.join(partial, 'artifact')]);
  await host.write(path.join(partial, 'release.json'), `${JSON.stringify(release)}\n`);
  await mustSucceed(world, ['mv', '-T', partial, final]);
  return `${release.name} → release ${release.id}`;
}

/** The copy itself, and as much again for logs and what the application writes. */
async function mustFit({ host, config }: World, { size }: Artifact): Promise<void> {
  const { stdout } = await host.run(['df', '-Pk', config.state]);
  const free = Number(stdout.trim().split('\n').at(-1)?.trim().split(/\s+/)[3]) * 1024;
  if (!(free < size * 2 + 16 * 1024 * 1024)) return;
  throw new Failure({
    code: 'NO_DISK',
    what: 'there is not enough disk for another release',
    why: `${Math.round(free / 1024 ** 2)} MB are free in ${config.state}, the artifact has ${Math.round(size / 1024 ** 2)} MB`,
    fix: 'free some space, or keep fewer releases with `keep`',
  });
}

async function copied({ host }: World, artifact: Artifact, to: string): Promise<void> {
  try {
    await host.copy(artifact.source, to.replace(/\/$/, ''));
  } catch (error) {
    throw new Failure({
      code: 'STAGE_FAILED',
      what: 'the artifact could not be copied',
      why: error instanceof Error ? error.message : String(error),
      fix: 'is the disk full, or the state directory not writable? `cutover doctor` looks',
    });
  }
}

async function mustSucceed({ host }: World, argv: readonly string[]): Promise<void> {
  const { code, stderr } = await host.run(argv);
  if (code === 0) return;
  throw new Failure({
    code: 'STATE_NOT_WRITABLE',
    what: 'the state directory cannot be written',
    why: stderr.trim(),
    fix: 'run as the user who owns it, or `cutover doctor`',
  });
}

/** Releases to remove: all but the newest, and never one that is in a slot or a way back. */
export function surplus(
  releases: readonly Release[],
  keep: number,
  needed: readonly (string | undefined)[],
): readonly Release[] {
  const spare = releases.filter(({ id }) => !needed.includes(id));
  return spare.slice(0, Math.max(0, releases.length - keep));
}

export async function prune(
  { host, config }: World,
  releases: readonly Release[],
  needed: readonly (string | undefined)[],
): Promise<string> {
  const gone = surplus(releases, config.keep, needed).map(({ id }) => id);
  const paths = gone.flatMap((id) => [
    path.join(config.state, 'releases', id),
    path.join(config.state, 'logs', `${id}.log`),
    path.join(config.state, 'logs', `${id}.log.1`),
  ]);
  if (paths.length > 0) await host.run(['rm', '-rf', '--', ...paths]);
  return gone.length > 0 ? `removed release ${gone.join(', ')}` : 'nothing to remove';
}
