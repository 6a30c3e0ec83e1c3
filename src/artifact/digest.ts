import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Artifact } from '../core/stage.ts';

const partSize = 1024 * 1024;

/** Size and `sha256:…` of a file's bytes, or of every path and file of a folder in order. */
export function measured(source: string): Artifact {
  const isFolder = statSync(source).isDirectory();
  const hash = createHash('sha256');
  const part = Buffer.allocUnsafe(partSize);
  const size = isFolder ? addFolder(hash, part, source, '') : addFile(hash, part, source);
  const kind = isFolder ? 'folder' : 'file';
  return { kind, source, name: path.basename(source), size, digest: `sha256:${hash.digest('hex')}` };
}

function addFolder(hash: Hash, part: Buffer, folder: string, inside: string): number {
  let size = 0;
  for (const entry of readdirSync(folder).toSorted()) {
    const name = path.join(inside, entry);
    const whole = path.join(folder, entry);
    hash.update(`\0${name}\0`);
    size += statSync(whole).isDirectory() ? addFolder(hash, part, whole, name) : addFile(hash, part, whole);
  }
  return size;
}

function addFile(hash: Hash, part: Buffer, file: string): number {
  const handle = openSync(file, 'r');
  let size = 0;
  try {
    for (let length = readSync(handle, part); length > 0; length = readSync(handle, part)) {
      hash.update(part.subarray(0, length));
      size += length;
    }
  } finally {
    closeSync(handle);
  }
  return size;
}
