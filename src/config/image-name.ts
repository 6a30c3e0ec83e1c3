/** The engine's own rule for a name (its reference format): it never begins like an option or a path. */
const image =
  /^([a-zA-Z0-9][a-zA-Z0-9.-]*(:\d+)?\/)?[a-z0-9]+([._/-]+[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$/;

export function isImage(artifact: string): boolean {
  return artifact.length <= 512 && image.test(artifact);
}

/** What `docker save` wrote: a path, or a name that ends like an archive's. */
export function isArchive(artifact: string): boolean {
  return /^\.{0,2}\//.test(artifact) || /\.(tar|tar\.gz|tgz)$/.test(artifact);
}
