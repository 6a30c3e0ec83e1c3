import path from 'node:path';

/** What of the host is in a container, as far as we ask (`docker inspect`). */
export interface Mount {
  readonly Type: string;
  /** Path on the host, as it was given to the engine. */
  readonly Source: string;
  /** The same with all links followed. */
  readonly real: string;
  /** It was given as a link: the engine followed it once, and will not see it change. */
  readonly link: boolean;
  readonly Destination: string;
  readonly RW: boolean;
}

export interface Found {
  mount: Mount;
  path: string;
}

/** Where a folder of the host lies inside; undefined when it does not, or when another mount lies above it. */
export function insideOf(mounts: readonly Mount[], folder: string): Found | undefined {
  return mounts
    .filter(({ real }) => within(real, folder))
    .map((mount) => ({ mount, path: path.join(mount.Destination, path.relative(mount.real, folder)) }))
    .find((found) => mountAt(mounts, found.path) === found.mount);
}

/** Where a folder inside lies on the host; undefined when it is of the image, or in memory. */
export function outsideOf(mounts: readonly Mount[], folder: string): Found | undefined {
  const mount = mountAt(mounts, folder);
  return mount && mount.real !== ''
    ? { mount, path: path.join(mount.real, path.relative(mount.Destination, folder)) }
    : undefined;
}

/** A file that is mounted by itself stays the file that it was when the container was made. */
export function isMountedAlone(mounts: readonly Mount[], file: string): boolean {
  return mounts.some(({ Destination }) => Destination === file);
}

/** The innermost mount decides what is seen. */
function mountAt(mounts: readonly Mount[], inside: string): Mount | undefined {
  return mounts
    .filter(({ Destination }) => within(Destination, inside))
    .toSorted((a, b) => b.Destination.length - a.Destination.length)[0];
}

function within(folder: string, file: string): boolean {
  return folder !== '' && (file === folder || file.startsWith(folder === '/' ? '/' : `${folder}/`));
}
