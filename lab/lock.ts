import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Runs `work` while no other process of this machine runs the same-named work.
 * The lock is an abstract socket, which the kernel takes back from a process that dies.
 */
export async function withLock<T>(name: string, work: () => Promise<T>, patience = 900_000): Promise<T> {
  const lock = await take(`\0cutover-lab-${name}`, Date.now() + patience);
  if (!lock) throw new Error(`another process has held the lock "${name}" for ${patience / 1000} s`);
  try {
    return await work();
  } finally {
    lock.close();
    await once(lock, 'close');
  }
}

async function take(address: string, until: number): Promise<Server | undefined> {
  for (; Date.now() < until; await sleep(50)) {
    const server = createServer();
    try {
      server.listen(address);
      await once(server, 'listening');
      return server;
    } catch {
      // Somebody has it.
    }
  }
  return undefined;
}
