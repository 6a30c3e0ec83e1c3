import type { Host } from '../ports.ts';

/**
 * What tells a process from a later one with the same pid: the boot it lives in and its start
 * time in clock ticks since that boot. Undefined when no such process exists.
 */
export async function identityOf(host: Pick<Host, 'read'>, pid: number): Promise<string | undefined> {
  const [boot, stat] = await Promise.all([
    host.read('/proc/sys/kernel/random/boot_id'),
    host.read(`/proc/${pid}/stat`),
  ]);
  const fields = statFields(stat);
  return fields && fields.state !== 'Z' ? `${(boot ?? '').trim()}/${fields.startTicks}` : undefined;
}

export async function isAlive(host: Pick<Host, 'read'>, pid: number, identity: string): Promise<boolean> {
  return (await identityOf(host, pid)) === identity;
}

/** Fields of /proc/PID/stat after the name, which may itself hold spaces and brackets (proc(5)). */
export function statFields(stat: string | undefined): { state: string; startTicks: string } | undefined {
  if (!stat) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? '',
    startTicks: fields[19] ?? '',
  };
}
