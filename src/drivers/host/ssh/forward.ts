import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { HttpAnswer, HttpRequest } from '../../../ports.ts';
import { request } from '../request.ts';
import type { Connection } from './connection.ts';
import { forwardByMux, type Forward } from './mux.ts';

/** Asks addresses of the server through its connection, each by a socket of ours that sshd leads there. */
export interface Forwards {
  request(wanted: HttpRequest): Promise<HttpAnswer>;
  /** Whether sshd lets us: it is asked to lead us to itself. */
  allowed(sshd: Omit<Forward, 'file'> | undefined): Promise<boolean>;
}

export function forwardsOf(connection: Connection): Forwards {
  const sockets = new Map<string, Promise<string>>();
  const own = `${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  if (!folders.has(connection.folder)) useFolder(connection.folder);

  function socketTo(host: string, port: number): Promise<string> {
    const authority = `${host}:${port}`;
    const known = sockets.get(authority);
    if (known) return known;
    const file = path.join(connection.folder, `${own}-${sockets.size}.sock`);
    const made = opened(connection, { file, host, port }).then(() => file);
    sockets.set(authority, made);
    return made;
  }

  return {
    async request(wanted) {
      const { hostname, port, protocol } = new URL(wanted.url);
      const socket = await socketTo(bare(hostname), Number(port) || (protocol === 'https:' ? 443 : 80));
      try {
        return { ...(await request(wanted, socket)), from: undefined };
      } catch (error) {
        wanted.signal?.throwIfAborted();
        throw isClosed(error) ? refused(wanted.url) : error;
      }
    },
    allowed: async (sshd) => sshd === undefined || greets(await socketTo(sshd.host, sshd.port)),
  };
}

/** sshd closes what it cannot connect, and so does a server that takes a connection and gives it up. */
function isClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ECONNRESET', 'EPIPE'].includes(String(error.code));
}

function refused(url: string): Error {
  const { host } = new URL(url);
  return Object.assign(new Error(`nobody answered at ${host}`), { code: 'ECONNREFUSED' });
}

/** Without the brackets of an address in a URL. */
function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

async function opened(connection: Connection, forward: Forward): Promise<void> {
  if (!(await forwardByMux(connection.socket, forward))) await openedBySsh(connection, forward);
}

/** Another OpenSSH may speak another version; and it tells what is the matter. */
function openedBySsh(connection: Connection, { file, host, port }: Forward): Promise<void> {
  const to = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const [program = '', ...words] = connection.control('forward', '-L', `${file}:${to}`);
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => (said += part));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(said.trim() || 'ssh cannot forward'))));
  });
}

function greets(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const link = connect(socket);
    const end = (answer: boolean) => {
      link.destroy();
      resolve(answer);
    };
    link.setTimeout(10_000, () => end(false));
    link.on('data', () => end(true)).on('error', () => end(false));
    link.on('close', () => end(false));
  });
}

const folders = new Set<string>();

/** Once, however many servers there are. */
function useFolder(folder: string): void {
  if (folders.size === 0) process.on('exit', () => folders.forEach(removeOwn));
  folders.add(folder);
  tidy(folder);
}

function removeOwn(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder))
    if (name.startsWith(`${process.pid}-`)) rmSync(path.join(folder, name), { force: true });
}

/** Of commands that were killed. */
function tidy(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = /^(\d+)-\w+-\d+\.sock$/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) rmSync(path.join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
