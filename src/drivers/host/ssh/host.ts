import { spawn } from 'node:child_process';
import type { Host, Login, RunOptions, RunResult } from '../../../ports.ts';
import { askerOf } from './asker.ts';
import { connectionTo, plainShell, rootShell, type Connection } from './connection.ts';
import { muxOf } from './mux.ts';
import { readsOf } from './reads.ts';
import { commandScript, surroundings, writeScript } from './script.ts';
import { openShells, type Shells } from './shells.ts';
import { upload } from './upload.ts';

export interface SshOptions {
  /** Root's, by sudo, where the login is not root's own. For `setup`. */
  elevated?: boolean;
  /** What the command does ends when it does; needed to hold the lock. */
  guarded?: boolean;
}

const defaultDeadline = 120_000;
const uploadDeadline = 1_800_000;

/**
 * Told by the kernel and by sshd where it can be, as a program to start costs more; after sudo the environment
 * may still tell who called it. The search path is its own, before it is made longer.
 */
const introduction = `read -r name < /proc/sys/kernel/hostname
while read -r key real uid others; do [ "$key" != Uid: ] || break; done < /proc/self/status
[ "\${SUDO_USER:-}" ] || user=\${LOGNAME:-}
printf '%s\\n' "$name" "\${user:-$(id -un)}" "$uid" "$HOME" "$PATH" "\${SUDO_USER:-}" "\${SSH_CONNECTION:-}"
${surroundings}`;

/** A server, by the system's ssh. Nothing is needed there but a POSIX shell and what every Linux has. */
export async function sshHost(server: string, options: SshOptions = {}): Promise<Host> {
  const connection = connectionTo(server);
  const mux = muxOf(connection.socket);
  const elevated = options.elevated ?? false;
  const shells = await openShells(connection, mux, introduction, { elevated, guarded: options.guarded ?? false });
  const me = loginOf(shells);
  const pid = me.pid;
  const ask = askerOf(server, mux, shells);
  const reads = readsOf((script) => shells.quick(script, defaultDeadline));

  return {
    me,
    run(argv, wanted = {}) {
      reads.flush();
      return runOn(connection, shells, elevated, argv, wanted);
    },
    read: (file, wanted = {}) => reads.read(file, wanted),
    async write(file, content, wanted = {}) {
      reads.flush();
      const { code, stderr } = await shells.quick(writeScript(file, content, wanted, pid), defaultDeadline);
      if (code !== 0) throw new Error(stderr.trim() || `${file} cannot be written`);
    },
    copy: (from, to, wanted = {}) =>
      upload(connection, (script) => shells.alone(script, uploadDeadline), from, to, wanted),
    request: ask,
  };
}

async function runOn(
  connection: Connection,
  shells: Shells,
  elevated: boolean,
  argv: readonly string[],
  { deadline, signal, passOn, ...wanted }: RunOptions,
): Promise<RunResult> {
  if (passOn) return passedOn(connection, elevated, argv);
  const script = commandScript(argv, wanted);
  const slow = deadline !== undefined || signal !== undefined;
  return slow ? shells.alone(script, deadline ?? defaultDeadline, signal) : shells.quick(script, defaultDeadline);
}

/** When we are gone it has to end too, even if it prints nothing that would tell it. */
function passedOn(connection: Connection, elevated: boolean, argv: readonly string[]): Promise<RunResult> {
  const [program = '', ...words] = connection.session(elevated ? rootShell : plainShell);
  const child = spawn(program, words, { stdio: ['pipe', 'inherit', 'inherit'] });
  const script = `{ exec 3<&0; ${commandScript(argv)} & child=$!
( cat <&3 > /dev/null; kill "$child" ) 2> /dev/null & wait "$child"; exit; }\n`;
  child.stdin.on('error', () => {});
  child.stdin.write(script);
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ code: 127, stdout: '', stderr: error.message, timedOut: false }));
    child.on('close', (code) => resolve({ code: code ?? 255, stdout: '', stderr: '', timedOut: false }));
  });
}

function loginOf({ hello, guard }: Shells): Login {
  const [host = '', user = '', uid = '', home = '', path = '', sudoUser = ''] = hello;
  return {
    host,
    user,
    uid: Number(uid),
    home,
    path,
    pid: guard?.pid ?? 0,
    remote: true,
    sudoUser: sudoUser || undefined,
  };
}
