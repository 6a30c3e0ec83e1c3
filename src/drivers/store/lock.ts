import path from 'node:path';
import { exitCodes, Failure } from '../../core/failure.ts';
import { ownerText } from '../../core/lock-owner.ts';
import { identityOf, isAlive } from '../../lib/process-identity.ts';
import { humanDuration } from '../../lib/duration.ts';
import { parseLines } from '../../lib/json-lines.ts';
import type { Host, Lock, LockOwner } from '../../ports.ts';

/*
 * The lock is the highest number in a directory. Who wants it creates the next number, which the
 * kernel grants to one only (`ln` refuses a name that exists). Lower numbers are removed, so a slow
 * taker may create one that had gone from hand to hand meanwhile: it sees a higher one then, which
 * never goes without one still higher, and gives up.
 */
interface Ticket {
  number: number;
  owner: Omit<LockOwner, 'alive'> | undefined;
}

const free = '{}';
const held = 75;

/*
 * $1 folder, $2 what to write, $3 our pid, $4 the number whose owner is known to be dead, or nothing.
 * What cannot be written is tried again by a program that says why; a shell's own printf does not.
 */
const take = `
[ -d "$1" ] || mkdir -p "$1" || exit 1
cd "$1" || exit 1
number=0
for file in *; do [ "$file" -gt "$number" ] && number=$file; done 2> /dev/null
owner=''
{ read -r owner < "$number"; } 2> /dev/null || owner=\${owner:-'${free}'}
[ "$owner" = '${free}' ] || [ "$number" = "$4" ] || { echo "$number"; exit ${held}; }
next=$((number + 1)) mine=.$number.$3 taken='' late=''
{ printf '%s\\n' "$2" > "$mine"; } 2> /dev/null || { env printf '%s\\n' "$2" > "$mine"; rm -f "$mine"; exit 1; }
ln "$mine" "$next" 2> /dev/null && taken=yes
[ "$taken" ] || { rm -f "$mine"; echo "$next"; exit ${held}; }
for file in *; do [ "$file" -gt "$next" ] && late=$file; done 2> /dev/null
[ -z "$late" ] || { rm -f "$mine" "$next"; echo "$late"; exit ${held}; }
old=''
for file in *; do [ "$file" -lt "$next" ] && old="$old $file"; done
rm -f "$mine" $old
echo "$next"`;

export async function takeLock(host: Host, folder: string, command: string, from?: string): Promise<Lock> {
  const mine = JSON.stringify(await thisProcess(host, command, from));
  const first = await tryToTake(host, folder, mine, '');
  if (first.taken) return lockOf(host, folder, first.number, undefined);
  const owner = await ownerOf(host, folder, first.number);
  if (owner?.alive) throw lockedBy(owner);
  const second = await tryToTake(host, folder, mine, first.number);
  return second.taken ? lockOf(host, folder, second.number, owner) : takeLock(host, folder, command, from);
}

export async function lockOwner(host: Host, folder: string): Promise<LockOwner | undefined> {
  const { owner } = await newestTicket(host, folder);
  return owner && judged(host, owner);
}

/** Lets the newest ticket go, whoever holds it. For `unlock`. */
export async function breakLock(host: Host, folder: string): Promise<void> {
  const { number, owner } = await newestTicket(host, folder);
  if (owner) await host.write(path.join(folder, String(number)), `${free}\n`);
}

async function tryToTake(
  host: Host,
  folder: string,
  mine: string,
  dead: string,
): Promise<{ taken: boolean; number: string }> {
  const result = await host.run(['sh', '-c', take, 'take-lock', folder, mine, String(host.me.pid), dead]);
  if (result.code !== 0 && result.code !== held) throw notWritable(path.dirname(folder), result.stderr);
  return { taken: result.code === 0, number: result.stdout.trim() };
}

function lockOf(host: Host, folder: string, number: string, takenOverFrom: LockOwner | undefined): Lock {
  return { takenOverFrom, release: () => host.write(path.join(folder, number), `${free}\n`) };
}

async function newestTicket(host: Host, folder: string): Promise<Ticket> {
  const listed = await host.run(['ls', folder]);
  const numbers = listed.stdout.split('\n').filter((name) => /^\d+$/.test(name));
  const number = Math.max(0, ...numbers.map(Number));
  return { number, owner: parsedOwner(await host.read(path.join(folder, String(number)))) };
}

async function ownerOf(host: Host, folder: string, number: string): Promise<LockOwner | undefined> {
  const owner = parsedOwner(await host.read(path.join(folder, number)));
  return owner && judged(host, owner);
}

/** A power failure may leave a ticket whose bytes were never written: nobody who lives has it. */
function parsedOwner(text: string | undefined): Ticket['owner'] {
  const [owner] = parseLines<LockOwner>(text ?? '');
  return owner?.pid === undefined ? undefined : owner;
}

export function notWritable(state: string, why: string): Failure {
  return new Failure({
    code: 'STATE_NOT_WRITABLE',
    what: `the state directory cannot be written: ${state}`,
    why: why.trim(),
    fix: 'free space or make it writable for this user; `cutover doctor` tells which it is',
  });
}

/** Over ssh it is the guard, which ends with this command: what the owner's host can prove, any host can. */
async function thisProcess(host: Host, command: string, from: string | undefined): Promise<Omit<LockOwner, 'alive'>> {
  const { me } = host;
  return {
    user: me.user,
    host: me.host,
    ...(from === undefined ? {} : { from }),
    pid: me.pid,
    started: (await identityOf(host, me.pid)) ?? 'unknown',
    since: Date.now(),
    command,
  };
}

async function judged(host: Host, owner: Omit<LockOwner, 'alive'>): Promise<LockOwner> {
  const here = owner.host === host.me.host;
  return { ...owner, alive: !here || (await isAlive(host, owner.pid, owner.started)) };
}

function lockedBy(owner: LockOwner): Failure {
  const age = humanDuration(Date.now() - owner.since);
  return new Failure({
    code: 'LOCKED',
    exit: exitCodes.locked,
    what: `another cutover is at work: ${owner.command}`,
    why: `${ownerText(owner)}, has held the lock for ${age}`,
    fix: 'wait for it, or queue with `--wait 5m`; `cutover unlock` tells more',
  });
}
