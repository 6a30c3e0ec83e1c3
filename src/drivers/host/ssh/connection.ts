import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exitCodes, Failure } from '../../../core/failure.ts';

/** How the system's ssh is called for one server. All calls of all commands share one connection. */
export interface Connection {
  /** `[user@]host`, an alias of the ssh configuration, or an ssh:// address. */
  readonly server: string;
  /** Of the shared connection, in a private folder of ours. */
  readonly socket: string;
  /** Argument list of a session that runs these words of ours, which no quoting is needed for. */
  session(words: string): readonly string[];
  /** Argument list that ends the shared connection. */
  readonly exit: readonly string[];
}

/** What a session runs. The account's own shell reads this; only `sh` reads what comes after. */
export const plainShell = 'exec /bin/sh';
export const rootShell = `exec /bin/sh -c 'test "$(id -u)" = 0 && exec /bin/sh; exec sudo -n -- /bin/sh'`;

/** Seconds that the shared connection stays after the last command. */
const persist = 60;

/*
 * The user's own configuration, keys, agent, jump hosts and known hosts hold. Only what would wait for
 * a person, or do what nobody asked for here, is turned off; and silence is noticed after 15 s.
 */
const always = [
  ['BatchMode', 'yes'],
  ['ConnectTimeout', '10'],
  ['ServerAliveInterval', '5'],
  ['ServerAliveCountMax', '3'],
  ['RemoteCommand', 'none'],
  ['RequestTTY', 'no'],
  ['PermitLocalCommand', 'no'],
  ['LogLevel', 'ERROR'],
].flatMap(([name, value]) => ['-o', `${name}=${value}`]);

export function connectionTo(server: string): Connection {
  const name = createHash('sha256').update(server).digest('hex').slice(0, 16);
  const socket = path.join(privateFolder(), name);
  const control = ['-o', `ControlPath=${socket}`];
  const shared = ['-o', 'ControlMaster=auto', '-o', `ControlPersist=${persist}`, '-o', 'ClearAllForwardings=yes'];
  return {
    server,
    socket,
    session: (words) => ['ssh', ...always, ...control, ...shared, '--', server, words],
    exit: ['ssh', ...always, ...control, '-O', 'exit', '--', server],
  };
}

/** Whoever may use the sockets acts as us on the servers, so nobody else may own or enter the folder. */
function privateFolder(): string {
  const uid = process.getuid?.() ?? 0;
  const base = process.env['XDG_RUNTIME_DIR'] ?? tmpdir();
  const folder = path.join(base, `cutover-${uid}`);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  const seen = lstatSync(folder);
  if (seen.isDirectory() && seen.uid === uid && (seen.mode & 0o077) === 0) return folder;
  throw new Failure({
    code: 'SOCKETS_OPEN',
    exit: exitCodes.configuration,
    what: `${folder} is not a private folder of yours`,
    why: 'the connections to your servers are kept there, and others could use them',
    fix: `remove it, or set its owner and mode: \`chmod 700 ${folder}\``,
  });
}
