import {
  closeSync,
  fchmodSync,
  fdatasyncSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import type { Content, Host, Login, ReadOptions, WriteOptions } from '../../ports.ts';
import { request } from './request.ts';
import { run } from './run.ts';

/**
 * This machine. Its files are small and there is nothing to do meanwhile, so they are read and
 * written at once: a trip to the thread pool for each of them made a rollback half as long again.
 */
export function localHost(): Host {
  return {
    get me() {
      return whoWeAre();
    },
    run,
    copy,
    request,
    read: async (file, options) => read(file, options ?? {}),
    write: async (file, content, options) => write(file, content, options ?? {}),
  };
}

/** Asked anew each time: root may have become the owner of the app meanwhile. */
function whoWeAre(): Login {
  const { username, uid, homedir } = userInfo();
  return {
    host: hostname(),
    user: username,
    uid,
    home: process.env['HOME'] ?? homedir,
    path: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    pid: process.pid,
    remote: false,
    sudoUser: process.env['SUDO_USER'],
  };
}

function read(file: string, { link, look, every }: ReadOptions): string | undefined {
  if (every) return readEvery(file);
  try {
    if (look) return lookedAt(file);
    return link ? readlinkSync(file) : readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function readEvery(pattern: string): string {
  const [folder = '', rest = ''] = pattern.split('*');
  const names = namesIn(folder)
    .filter((name) => !name.startsWith('.'))
    .toSorted();
  return names.map((name) => read(`${folder}${name}${rest}`, {}) ?? '').join('');
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function lookedAt(file: string): string {
  const seen = lstatSync(file);
  const kind = seen.isDirectory() ? 'directory' : seen.isSymbolicLink() ? 'symbolic link' : 'file';
  return `${seen.uid} ${(seen.mode & 0o7777).toString(8)} ${kind}`;
}

function write(file: string, content: Content, { append, mode = 0o644 }: WriteOptions): void {
  if (append && typeof content === 'string') return add(file, content, mode);
  if (typeof content === 'string' || 'link' in content) replace(file, content, mode);
  else renameSync(content.move, file);
  opened(path.dirname(file), 'r', 0, fsyncSync);
}

function replace(file: string, content: string | { link: string }, mode: number): void {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    rmSync(temporary, { force: true });
    if (typeof content === 'string') create(temporary, content, mode);
    else symlinkSync(content.link, temporary);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** `wx`: a link that somebody laid at the temporary name is refused, not followed. */
function create(file: string, content: string, mode: number): void {
  opened(file, 'wx', mode, (handle) => {
    fchmodSync(handle, mode);
    writeFileSync(handle, content);
    fsyncSync(handle);
  });
}

function add(file: string, content: string, mode: number): void {
  opened(file, 'a', mode, (handle) => {
    writeFileSync(handle, content);
    fdatasyncSync(handle);
  });
}

function opened(file: string, flags: string, mode: number, work: (handle: number) => void): void {
  const handle = openSync(file, flags, mode);
  try {
    work(handle);
  } finally {
    closeSync(handle);
  }
}

async function copy(from: string, to: string): Promise<string> {
  const result = await run(['cp', '-RL', '--reflink=auto', '--', from, to]);
  if (result.code !== 0) throw new Error(result.stderr.trim());
  await run(['sync', '-f', '--', to]);
  return '';
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'ENOTDIR'].includes(String(error.code));
}
