import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { SshEnv } from '../lab/ssh-client.ts';
import { type Ran, timed } from './wall-time.ts';

/** Where cutover runs, with a folder of its own for the shared connections. */
export interface SshClient {
  readonly env: NodeJS.ProcessEnv;
  /** The connections that are open now, as the paths of their sockets. */
  open(): readonly string[];
  /** Of the processes that hold them. */
  holders(): Promise<readonly number[]>;
  /** Ends all, so that the next command has to connect. */
  close(): Promise<void>;
  /** Every one of these commands for a shell at once, until the last has ended: what a script without cutover would do. */
  atOnce(commands: readonly string[]): Promise<Ran>;
  remove(): Promise<void>;
}

const run = promisify(execFile);

export function sshClient(own: SshEnv): SshClient {
  // The path of a socket has no room for a long one.
  const folder = mkdtempSync('/tmp/cutover-b-');
  const env = { ...process.env, ...own, XDG_RUNTIME_DIR: folder };
  const sockets = join(folder, `cutover-${process.getuid?.() ?? 0}`);
  const ask = (socket: string, request: string): Promise<{ stderr: string }> =>
    run('ssh', ['-o', `ControlPath=${socket}`, '-O', request, 'it'], { env });
  const open = (): readonly string[] =>
    namesIn(sockets)
      .filter((name) => /^[0-9a-f]+$/.test(name))
      .map((name) => join(sockets, name));
  const close = async (): Promise<void> => {
    await Promise.all(open().map((socket) => ask(socket, 'exit').catch(() => undefined)));
    while (open().length > 0) await sleep(10);
  };
  return {
    env,
    open,
    close,
    holders: async () => Promise.all(open().map(async (socket) => pidIn((await ask(socket, 'check')).stderr))),
    atOnce: (commands) => timed(['sh', '-c', `${commands.map((one) => `${one} &`).join('\n')}\nwait`], folder, env),
    async remove() {
      await close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function pidIn(words: string): number {
  return Number(/pid=(\d+)/.exec(words)?.[1]);
}
