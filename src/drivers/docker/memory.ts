import path from 'node:path';
import type { Host } from '../../ports.ts';
import type { Container } from './container.ts';

/**
 * Bytes that the processes of a container use, from its control group; undefined where that is not to
 * be seen. An engine elsewhere tells process ids of its own machine: here another has that number.
 */
export async function memoryOf(host: Host, { Id, State }: Container): Promise<number | undefined> {
  const text = (await host.read(`/proc/${State.Pid}/cgroup`).catch(() => undefined)) ?? '';
  const groups = text.split('\n').filter((line) => line.includes(Id));
  const unified = groups.find((line) => line.startsWith('0::'))?.slice(3);
  const own = groups.find((line) => line.includes(':memory:'))?.split(':')[2];
  const files = [
    ...(unified ? [path.join('/sys/fs/cgroup', unified, 'memory.current')] : []),
    ...(own ? [path.join('/sys/fs/cgroup/memory', own, 'memory.usage_in_bytes')] : []),
  ];
  const read = await Promise.all(files.map((file) => host.read(file).catch(() => undefined)));
  const bytes = Number(read.find((text) => text !== undefined));
  return Number.isFinite(bytes) ? bytes : undefined;
}
