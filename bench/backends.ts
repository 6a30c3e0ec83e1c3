import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { remember, end } from '../lab/cleanup.ts';
import { freePort } from '../lab/free-port.ts';
import type { Slot } from '../src/core/slot.ts';

export interface Backends {
  readonly ports: Readonly<Record<Slot, number>>;
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

/** Starts the two applications, each a process of its own. */
export async function startBackends(): Promise<Backends> {
  const ports = { blue: await freePort(), green: await freePort() };
  const children = await Promise.all([startOne(ports.blue, 'blue'), startOne(ports.green, 'green')]);
  const started = children.map(({ pid = 0 }) => remember(pid));
  return {
    ports,
    pids: started.map(({ pid }) => pid),
    stop: async () => void (await Promise.all(started.map((one) => end(one)))),
  };
}

async function startOne(port: number, slot: Slot): Promise<ChildProcess> {
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const worker = fileURLToPath(new URL('backend-worker.ts', import.meta.url));
  const child = fork(worker, [String(port), slot], { execArgv: ['--import', loader] });
  await once(child, 'message');
  return child;
}
