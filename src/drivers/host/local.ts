import { open, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import type { Content, Host, WriteOptions } from '../../ports.ts';
import { request } from './request.ts';
import { run } from './run.ts';

/** This machine. */
export function localHost(): Host {
  return { run, read, write, copy, request };
}

async function read(file: string, options: { link?: boolean } = {}): Promise<string | undefined> {
  try {
    return options.link ? await readlink(file) : await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function write(file: string, content: Content, options: WriteOptions = {}): Promise<void> {
  if (options.append && typeof content === 'string') return append(file, content, options.mode);
  if (typeof content === 'string' || 'link' in content) await replace(file, content, options.mode);
  else await rename(content.move, file);
  await syncFolder(path.dirname(file));
}

async function replace(file: string, content: string | { link: string }, mode: number | undefined): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await rm(temporary, { force: true });
    if (typeof content === 'string') await create(temporary, content, mode);
    else await symlink(content.link, temporary);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

/** `wx`: a link that somebody laid at the temporary name is refused, not followed. */
async function create(file: string, content: string, mode = 0o644): Promise<void> {
  const handle = await open(file, 'wx', mode);
  try {
    await handle.chmod(mode);
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function append(file: string, content: string, mode = 0o644): Promise<void> {
  const handle = await open(file, 'a', mode);
  try {
    await handle.writeFile(content);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function copy(from: string, to: string): Promise<void> {
  const result = await run(['cp', '-RL', '--reflink=auto', '--', from, to]);
  if (result.code !== 0) throw new Error(result.stderr.trim());
  await run(['sync', '-f', '--', to]);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'ENOTDIR'].includes(String(error.code));
}
