import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Artifact } from '../core/stage.ts';

/** Size and `sha256:…` of a file's bytes, or of every path and file of a folder in order. */
export async function measured(source: string): Promise<Artifact> {
  const info = await stat(source);
  const hash = createHash('sha256');
  const size = info.isDirectory() ? await addFolder(hash, source, '') : await addFile(hash, source);
  return { source, isFolder: info.isDirectory(), size, digest: `sha256:${hash.digest('hex')}` };
}

async function addFolder(hash: Hash, folder: string, inside: string): Promise<number> {
  let size = 0;
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = path.join(inside, entry.name);
    const whole = path.join(folder, entry.name);
    hash.update(`\0${name}\0`);
    size += (await stat(whole)).isDirectory() ? await addFolder(hash, whole, name) : await addFile(hash, whole);
  }
  return size;
}

async function addFile(hash: Hash, file: string): Promise<number> {
  let size = 0;
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), async function (parts: AsyncIterable<Buffer>) {
    for await (const part of parts) {
      size += part.length;
      hash.update(part);
    }
  });
  return size;
}
