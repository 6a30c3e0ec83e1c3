import path from 'node:path';
import type { Config } from '../../config/config.ts';
import { Failure } from '../../core/failure.ts';
import type { Release } from '../../core/release.ts';
import type { Artifact } from '../../core/stage.ts';
import type { Artifacts, CopyOptions, Host, RunResult } from '../../ports.ts';
import type { Service } from '../docker/compose.ts';
import { imageName, type Image } from '../docker/container.ts';
import { dockerOn, inspected, isFull, noRoom } from '../docker/engine.ts';
import { removeRecords } from './records.ts';

const transferDeadline = 30 * 60_000;

/** What the engine has then. */
interface Fetched {
  /** Its name or id there. */
  name: string;
  /** As its registry told it just now. */
  digest?: string | undefined;
  service?: Service;
}

/** Images. A tag of our own keeps each release's image, whatever becomes of the name it came under. */
export function imageArtifacts(host: Host, config: Config): Artifacts {
  const docker = dockerOn(host);
  const nameOf = (id: string) => imageName(config.app, id);

  async function stage(release: Release, artifact: Artifact, options: CopyOptions = {}): Promise<string> {
    try {
      return await staged(release, artifact, options);
    } catch (error) {
      await removed(release.id).catch(() => undefined);
      throw error;
    }
  }

  async function staged(release: Release, artifact: Artifact, options: CopyOptions): Promise<string> {
    const { name, digest, service } = await fetched(release, artifact, options);
    const found = await imageOf(name, artifact);
    await mustFitEngine(found, artifact);
    await must(['tag', found.Id, nameOf(release.id)], artifact);
    const folder = path.join(config.state, 'releases', release.id);
    await host.run(['mkdir', '-p', '-m', '755', '--', folder]);
    if (service) await host.write(path.join(folder, 'service.json'), `${JSON.stringify(service)}\n`, { mode: 0o600 });
    const record: Release = { ...release, digest: digest ?? digestOf(found, name) };
    await host.write(path.join(folder, 'release.json'), `${JSON.stringify(record)}\n`);
    return `${release.name} → release ${release.id}, ${found.Id.slice(7, 19)}`;
  }

  /** The image itself goes too, unless it has another name. */
  async function removed(id: string): Promise<void> {
    await docker(['rmi', '--', nameOf(id)]);
    await removeRecords(host, config.state, [id]);
  }

  async function fetched({ id }: Release, artifact: Artifact, options: CopyOptions): Promise<Fetched> {
    const { kind, source } = artifact;
    if (kind === 'compose') return composed(artifact);
    if (kind === 'build' || kind === 'archive')
      return beside(source, options, (at) => (kind === 'build' ? built(id, at, artifact) : unpacked(at, artifact)));
    return pulled(source, artifact);
  }

  async function built(id: string, folder: string, artifact: Artifact): Promise<Fetched> {
    await must(['build', '--quiet', `--tag=${nameOf(id)}`, '--', folder], artifact);
    return { name: nameOf(id) };
  }

  async function unpacked(archive: string, artifact: Artifact): Promise<Fetched> {
    return { name: loaded(await must(['load', '--quiet', `--input=${archive}`], artifact), artifact) };
  }

  /** A server over ssh is sent it first; there it is needed for this moment only. */
  async function beside(source: string, options: CopyOptions, use: (at: string) => Promise<Fetched>): Promise<Fetched> {
    if (!host.me.remote) return use(source);
    const at = path.join(config.state, 'incoming');
    await host.run(['rm', '-rf', '--', at]);
    try {
      await host.copy(source, at, { ...options, keep: path.join(config.state, 'uploads') });
      return await use(at);
    } finally {
      await host.run(['rm', '-rf', '--', at]);
    }
  }

  /** Its image is there then: the project's own tool builds it, or it is fetched like any other. */
  async function composed(artifact: Artifact): Promise<Fetched> {
    const { composeOn, serviceOf } = await import('../docker/compose.ts');
    const compose = composeOn(host);
    const { source: file, name } = artifact;
    const service = await serviceOf(compose, { file, service: name });
    if (!service.builds) return { ...(await pulled(service.image, artifact)), service };
    worked(await compose(['--file', file, 'build', name], transferDeadline), artifact);
    return { name: service.image, service };
  }

  /** The engine says `Digest: sha256:…`. It may know several of one name, of which this is the one that was pulled. */
  async function pulled(name: string, artifact: Artifact): Promise<Fetched> {
    if (!(await mustPull(name))) return { name };
    const said = await must(['pull', '--', name], artifact);
    return { name, digest: /^Digest: (\S+)$/m.exec(said)?.[1] };
  }

  /** A name without a registry may be one that was built here; nobody else's image of that name is fetched then. */
  async function mustPull(source: string): Promise<boolean> {
    const { pull } = config.container;
    const [first = '', ...rest] = source.split('/');
    const namesRegistry = rest.length > 0 && /[.:]|^localhost$/.test(first);
    if (pull === 'always' || pull === 'never') return pull === 'always';
    if (pull === 'auto' && namesRegistry) return true;
    return (await inspected<Image>(docker, 'image', source)) === undefined;
  }

  async function imageOf(name: string, artifact: Artifact): Promise<Image> {
    const found = await inspected<Image>(docker, 'image', name);
    if (found) return found;
    throw stageFailed(artifact, `the engine has no image ${name}`);
  }

  async function mustFitEngine({ Os, Architecture }: Image, artifact: Artifact): Promise<void> {
    const { stdout } = await docker(['version', '--format', '{{.Server.Os}}/{{.Server.Arch}}']);
    const [engine, image] = [stdout.trim(), `${Os}/${Architecture}`];
    if (engine === image) return;
    throw new Failure({
      code: 'WRONG_ARCHITECTURE',
      what: `${artifact.name} is not for this machine`,
      why: `the image is ${image}, the engine is ${engine}`,
      fix: `build it for ${engine}: \`docker build --platform ${engine}\``,
    });
  }

  async function must(words: readonly string[], artifact: Artifact): Promise<string> {
    return worked(await docker(words, { deadline: transferDeadline }), artifact);
  }

  return {
    place: nameOf,
    // Where the engine keeps them, and how much of one is there already, is its own matter.
    mustFit: async () => {},
    stage,
    async remove(ids) {
      for (const id of ids) await docker(['rmi', '--', nameOf(id)]);
      await removeRecords(host, config.state, ids);
    },
  };
}

/** An image may have come from several registries, and have another digest in each. */
function digestOf({ Id, RepoDigests }: Image, name: string): string {
  const all = RepoDigests ?? [];
  const [, repository = name, digest] = /^(.+?)(?:@(.+)|:[^/:]*)?$/.exec(name) ?? [];
  return digest ?? (all.find((one) => one.startsWith(`${repository}@`)) ?? all[0])?.split('@')[1] ?? Id;
}

function worked({ code, stdout, stderr, timedOut }: RunResult, artifact: Artifact): string {
  if (code === 0) return stdout;
  if (isFull(stderr + stdout)) throw noRoom(artifact.name, stderr || stdout);
  throw stageFailed(artifact, timedOut ? 'it took longer than 30 min' : stderr.trim() || stdout.trim());
}

/** `docker load` says `Loaded image: NAME` or `Loaded image ID: sha256:…`, a line for each. */
function loaded(stdout: string, artifact: Artifact): string {
  const names = stdout.split('\n').flatMap((line) => /^Loaded image(?: ID)?: (\S+)$/.exec(line.trim())?.[1] ?? []);
  const [only, ...others] = names;
  if (only !== undefined && others.length === 0) return only;
  throw stageFailed(artifact, `one image is needed in it, there are ${names.length}: ${names.join(', ') || 'none'}`);
}

function stageFailed({ kind, name }: Artifact, why: string): Failure {
  const words = { image: 'fetched', archive: 'loaded', build: 'built', compose: 'made ready' };
  return new Failure({
    code: 'STAGE_FAILED',
    what: `${name} could not be ${words[kind as keyof typeof words]}`,
    why,
    fix:
      kind === 'image'
        ? 'is the name right, the registry up, and this user logged in (`docker login`)? `container.pull: never` takes what is there'
        : 'the engine says why; nothing was touched',
  });
}
