import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { Failure } from '../../core/failure.ts';
import type { Release } from '../../core/release.ts';
import type { Artifact } from '../../core/stage.ts';
import type { Artifacts, CopyOptions, Host } from '../../ports.ts';
import { removeRecords } from './records.ts';

type StageOptions = Omit<CopyOptions, 'keep'>;

/** Files and folders, each release's copy in a folder of its own. */
export function fileArtifacts(host: Host, config: Config): Artifacts {
  const folderOf = (id: string) => path.join(config.state, 'releases', id);

  /**
   * The folder appears whole or not at all. The application works there: its user must be able to
   * read its files, and to write beside them.
   */
  async function stage(release: Release, artifact: Artifact, options: StageOptions = {}): Promise<string> {
    const final = folderOf(release.id);
    const partial = folderOf(`.${release.id}.partial`);
    const isFolder = artifact.kind === 'folder';
    await host.run(['rm', '-rf', final, partial]);
    const folders = isFolder ? [partial] : [partial, `${partial}/artifact`];
    await mustSucceed(['mkdir', '-m', '755', '--', ...folders]);
    const cost = await copied(artifact, path.join(partial, 'artifact', isFolder ? '' : release.name), options);
    if (config.user && host.me.uid === 0)
      await mustSucceed(['chown', '-R', `${config.user}:`, '--', path.join(partial, 'artifact')]);
    await host.write(path.join(partial, 'release.json'), `${JSON.stringify(release)}\n`);
    await mustSucceed(['mv', '-T', partial, final]);
    return `${release.name} → release ${release.id}${cost ? `, ${cost}` : ''}`;
  }

  /** The copy itself, and as much again for logs and what the application writes. */
  async function mustFit({ size }: Artifact): Promise<void> {
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

  async function copied(artifact: Artifact, to: string, options: StageOptions): Promise<string> {
    const keep = path.join(config.state, 'uploads');
    try {
      return await host.copy(artifact.source, to.replace(/\/$/, ''), { ...options, keep });
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof Failure) throw error;
      throw new Failure({
        code: 'STAGE_FAILED',
        what: 'the artifact could not be copied',
        why: error instanceof Error ? error.message : String(error),
        fix: 'is the disk full, or the state directory not writable? `cutover doctor` looks',
      });
    }
  }

  async function mustSucceed(argv: readonly string[]): Promise<void> {
    const { code, stderr } = await host.run(argv);
    if (code === 0) return;
    throw new Failure({
      code: 'STATE_NOT_WRITABLE',
      what: 'the state directory cannot be written',
      why: stderr.trim(),
      fix: 'run as the user who owns it, or `cutover doctor`',
    });
  }

  return {
    place: (id, { kind, name }) =>
      path.join(folderOf(id), 'artifact', kind === 'folder' ? '' : name).replace(/\/$/, ''),
    mustFit,
    stage,
    remove: (ids) => removeRecords(host, config.state, ids),
  };
}
