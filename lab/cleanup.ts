import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cacheDir } from './paths.ts';

/** A process is named by pid and start time, so that a pid that was given out again is never signalled. */
export interface Started {
  readonly pid: number;
  readonly start: string;
  /** Its own directory below the system's temporary one, removed with it. */
  readonly dir?: string | undefined;
}

interface Leftover extends Started {
  readonly by: Started;
}

/** Writes down what was started, so that it is ended with this process, or by the next run if this one is killed. */
export function remember(pid: number, dir?: string): Started {
  const start = startTime(pid);
  if (start === undefined) throw new Error(`process ${pid} is already gone`);
  const started: Started = { pid, start, dir };
  const by: Started = { pid: process.pid, start: startTime(process.pid) ?? '' };
  const file = recordOf(pid);
  writeFileSync(`${file}.new`, JSON.stringify({ ...started, by } satisfies Leftover));
  renameSync(`${file}.new`, file);
  if (mine.size === 0) process.on('exit', endMine);
  mine.set(pid, started);
  return started;
}

/** Ends it: TERM, so much time, then KILL to its process group. Removes its directory and its record. */
export async function end(started: Started, grace = 10_000): Promise<void> {
  signal(started, 'SIGTERM');
  if (!(await isGone(started, grace))) {
    signalGroup(started);
    await isGone(started, 5000);
  }
  forget(started);
}

/** Ends what runs of earlier tests left when they were killed. Says what it ended. */
export async function endLeftovers(): Promise<Started[]> {
  const ended: Started[] = [];
  for (const name of readdirSync(records()).filter((one) => /^\d+\.json$/.test(one))) {
    const left = readRecord(join(records(), name));
    if (!left || runs(left.by)) continue;
    if (runs(left)) ended.push(left);
    await end(left, 3000);
  }
  return ended;
}

/** Does exactly this process still run? A zombie does not. */
export function runs({ pid, start }: Started): boolean {
  return startTime(pid) === start;
}

/** Field 22 of /proc/PID/stat: the start in clock ticks since boot; undefined if it is gone or a zombie. */
export function startTime(pid: number): string | undefined {
  return stat(pid)?.[19];
}

const mine = new Map<number, Started>();

function endMine(): void {
  for (const started of mine.values()) {
    signal(started, 'SIGTERM');
    // The record stays: should it not obey, the next run ends it.
    if (!runs(started)) forget(started);
  }
}

function forget({ pid, dir }: Started): void {
  mine.delete(pid);
  rmSync(recordOf(pid), { force: true });
  if (dir?.startsWith(tmpdir() + sep)) rmSync(dir, { recursive: true, force: true });
}

function signal(started: Started, name: NodeJS.Signals): void {
  if (runs(started)) send(started.pid, name);
}

function signalGroup(started: Started): void {
  if (!runs(started)) return;
  const leadsGroup = stat(started.pid)?.[2] === String(started.pid);
  send(leadsGroup ? -started.pid : started.pid, 'SIGKILL');
}

function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended between the look and the signal.
  }
}

async function isGone(started: Started, within: number): Promise<boolean> {
  for (const end = Date.now() + within; Date.now() < end;) {
    if (!runs(started)) return true;
    await sleep(10);
  }
  return !runs(started);
}

/** Fields of /proc/PID/stat from the third (state) on; the second may hold blanks and brackets. */
function stat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields;
  } catch {
    return undefined;
  }
}

function readRecord(file: string): Leftover | undefined {
  try {
    return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Leftover) : undefined;
  } catch {
    return undefined;
  }
}

function recordOf(pid: number): string {
  return join(records(), `${pid}.json`);
}

function records(): string {
  return cacheDir('running');
}
