import { readFileSync } from 'node:fs';

/** CPU time in ms that the threads named by these pids have used, to the nanosecond. */
export function cpuTime(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6, 0);
}

export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** Resident memory in MB of a process and all below it, each shared page counted once per process that maps it. */
export function residentMemory(pid: number): number {
  const own = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(own ?? 0) / 1024 + childrenOf(pid).reduce((sum, child) => sum + residentMemory(child), 0);
}

/** CPU time in ms of a process and all below it, with those that have ended and were waited for; in ticks of 10 ms. */
export function treeTime(pid: number): number {
  try {
    const [own, ended] = timesOf(pid);
    return own + ended + childrenOf(pid).reduce((sum, child) => sum + treeTime(child), 0);
  } catch {
    // It ended meanwhile: its parent has it now.
    return 0;
  }
}

/** The same of the children of this process that have ended. */
export function endedChildrenTime(): number {
  return timesOf(process.pid)[1];
}

function timesOf(pid: number): readonly [own: number, ended: number] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15).map(Number);
  return [(user + system) * 10, (endedUser + endedSystem) * 10];
}
