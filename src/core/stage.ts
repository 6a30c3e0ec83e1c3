import type { Release } from './release.ts';
import type { World } from './world.ts';

/** What is to be deployed: where it lies now, and what it will be called. */
export interface Artifact {
  kind: 'file' | 'folder' | 'image' | 'archive' | 'build' | 'compose';
  /** Absolute local path; for an image its name, with tag or digest. */
  source: string;
  /** How people call it. */
  name: string;
  /** Bytes; 0 where it is not known beforehand. */
  size: number;
  /** `sha256:…`; of an image it is known once the engine has it. */
  digest: string;
}

/** The release that staging an artifact will make. */
export function releaseOf(
  { artifacts, clock, who }: World,
  id: string,
  artifact: Artifact,
  words: { message: string | undefined; notReversible: string | undefined },
): Release {
  return {
    id,
    digest: artifact.digest,
    artifact: artifacts.place(id, artifact),
    name: artifact.name,
    at: clock.now(),
    by: who,
    ...words,
  };
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
  { artifacts, config }: World,
  releases: readonly Release[],
  needed: readonly (string | undefined)[],
): Promise<string> {
  const gone = surplus(releases, config.keep, needed).map(({ id }) => id);
  if (gone.length > 0) await artifacts.remove(gone);
  return gone.length > 0 ? `removed release ${gone.join(', ')}` : 'nothing to remove';
}
