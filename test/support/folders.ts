import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

const run = promisify(execFile);

export const isRoot = process.getuid?.() === 0;

/** An empty folder that others may enter, removed after the test. */
export async function temporary(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'cutover-test-'));
  await chmod(folder, 0o755);
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A file system of 64 KiB, without a free byte unless there is to be room. Needs root. */
export async function tinyDisk(room?: 'room'): Promise<string> {
  const folder = await mounted(['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs']);
  await mkdir(path.join(folder, 'lock'));
  if (room) return folder;
  await writeFile(path.join(folder, 'ballast'), Buffer.alloc(1024 * 1024)).catch(() => undefined);
  return folder;
}

/** A file system that cannot be written to. Needs root. */
export async function readOnly(): Promise<string> {
  return mounted(['-t', 'tmpfs', '-o', 'ro,size=64k', 'tmpfs']);
}

async function mounted(words: readonly string[]): Promise<string> {
  const folder = await temporary();
  await run('mount', [...words, folder]);
  onTestFinished(async () => void (await run('umount', ['-l', folder])));
  return folder;
}
