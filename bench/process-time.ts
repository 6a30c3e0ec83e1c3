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
