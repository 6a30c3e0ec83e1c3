import { hostname, userInfo } from 'node:os';
import path from 'node:path';
import { exitCodes, Failure } from '../../core/failure.ts';
import { identityOf, isAlive } from '../../lib/process-identity.ts';
import { humanDuration } from '../../lib/duration.ts';
import type { Host, Lock, LockOwner } from '../../ports.ts';

/*
 * The lock is the highest number in a directory. Who wants it creates the next number, which the
 * kernel grants to one only (`ln` refuses a name that exists). A number never comes back, so a
 * taker that judged an old owner dead can never replace a new owner that it has not seen.
 */
interface Ticket {
  number: number;
  owner: Omit<LockOwner, 'alive'> | undefined;
}

export async function takeLock(host: Host, folder: string, command: string): Promise<Lock> {
  const before = await newestTicket(host, folder);
  const owner = before.owner && (await judged(host, before.owner));
  if (owner?.alive) throw lockedBy(owner);
  const number = before.number + 1;
  const mine = JSON.stringify(await thisProcess(host, command));
  if (!(await createTicket(host, folder, number, mine))) return takeLock(host, folder, command);
  return {
    takenOverFrom: owner,
    release: () => host.write(path.join(folder, String(number)), '{}\n'),
  };
}

export async function lockOwner(host: Host, folder: string): Promise<LockOwner | undefined> {
  const { owner } = await newestTicket(host, folder);
  return owner && judged(host, owner);
}

/** Lets the newest ticket go, whoever holds it. For `unlock`. */
export async function breakLock(host: Host, folder: string): Promise<void> {
  const { number, owner } = await newestTicket(host, folder);
  if (owner) await host.write(path.join(folder, String(number)), '{}\n');
}

async function newestTicket(host: Host, folder: string): Promise<Ticket> {
  const listed = await host.run(['ls', folder]);
  const numbers = listed.stdout
    .split('\n')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const number = Math.max(0, ...numbers);
  const text = number ? await host.read(path.join(folder, String(number))) : undefined;
  return { number, owner: parsedOwner(text) };
}

function parsedOwner(text: string | undefined): Ticket['owner'] {
  const owner = JSON.parse(text?.trim() || '{}') as Partial<LockOwner>;
  return owner.pid === undefined ? undefined : (owner as LockOwner);
}

const create =
  'mkdir -p "$1" && cd "$1" && t=".$2.$4" && printf "%s\\n" "$3" > "$t" && sync "$t" && ' +
  'if ln "$t" "$2" 2>/dev/null; then r=0; else r=75; fi; rm -f "$t"; [ $r = 0 ] || exit $r; ' +
  'for f in *; do [ "$f" -lt "$2" ] && rm -f "$f"; done; :';

async function createTicket(host: Host, folder: string, number: number, mine: string): Promise<boolean> {
  const result = await host.run(['sh', '-c', create, 'lock', folder, String(number), mine, String(process.pid)]);
  if (result.code === 0) return true;
  if (result.code === 75) return false;
  throw new Failure({
    code: 'STATE_NOT_WRITABLE',
    what: `the state directory cannot be written: ${path.dirname(folder)}`,
    why: result.stderr.trim(),
    fix: 'free space or make it writable for this user; `cutover doctor` tells which it is',
  });
}

async function thisProcess(host: Host, command: string): Promise<Omit<LockOwner, 'alive'>> {
  return {
    user: userInfo().username,
    host: hostname(),
    pid: process.pid,
    started: (await identityOf(host, process.pid)) ?? 'unknown',
    since: Date.now(),
    command,
  };
}

async function judged(host: Host, owner: Omit<LockOwner, 'alive'>): Promise<LockOwner> {
  const here = owner.host === hostname();
  return { ...owner, alive: !here || (await isAlive(host, owner.pid, owner.started)) };
}

function lockedBy(owner: LockOwner): Failure {
  const age = humanDuration(Date.now() - owner.since);
  return new Failure({
    code: 'LOCKED',
    exit: exitCodes.locked,
    what: `another cutover is at work: ${owner.command}`,
    why: `${owner.user}@${owner.host}, process ${owner.pid}, has held the lock for ${age}`,
    fix: 'wait for it, or queue with `--wait 5m`; `cutover unlock` tells more',
  });
}
