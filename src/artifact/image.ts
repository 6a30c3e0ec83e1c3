import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../config/config.ts';
import { isArchive, isImage } from '../config/image-name.ts';
import { exitCodes, Failure } from '../core/failure.ts';
import type { Artifact } from '../core/stage.ts';

/** What `deploy` takes for a container: the image, archive or folder of the configuration, or the one that is named. */
export async function namedImage(config: Config, named: string | undefined): Promise<Artifact> {
  if (named === undefined) return asArtifact(config.artifactKind, config.artifact, config.service);
  if (isArchive(named)) return asArtifact('archive', path.resolve(named));
  if (isImage(named)) return asArtifact('image', named);
  throw new Failure({
    code: 'ARTIFACT_MISSING',
    exit: exitCodes.configuration,
    what: `${JSON.stringify(named)} is no image and no archive`,
    fix: 'name an image (`shop:1.4`, `registry.example.com/shop:1.4`) or an archive (`./shop.tar`)',
  });
}

const expected = {
  archive: 'what `docker save` wrote',
  build: 'a folder with a Dockerfile',
  compose: 'a Compose file',
};

async function asArtifact(kind: Config['artifactKind'], source: string, service?: string): Promise<Artifact> {
  if (kind === 'path') throw new RangeError('a file is no image');
  const known = { kind, source, name: service ?? (kind === 'image' ? source : path.basename(source)), digest: '' };
  if (kind === 'image') return { ...known, size: 0 };
  const found = await stat(source).catch(() => undefined);
  if (found && found.isDirectory() === (kind === 'build')) return { ...known, size: kind === 'build' ? 0 : found.size };
  throw new Failure({
    code: 'ARTIFACT_MISSING',
    exit: exitCodes.configuration,
    what: `nothing is at ${source}`,
    why: `it should be ${expected[kind]}`,
    fix: 'build first, or name it: `cutover deploy PATH`',
  });
}
