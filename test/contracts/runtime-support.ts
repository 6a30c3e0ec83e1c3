import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Slot } from '../../src/core/slot.ts';
import type { Host, Launch, Runtime } from '../../src/ports.ts';
import { until } from '../support/until.ts';
import { release } from './store.ts';

export interface RuntimeUnderTest {
  runtime: Runtime;
  host: Host;
  ports: Readonly<Record<Slot, number>>;
  /** Makes a release's folder, as `stage` does. */
  stage(id: string): Promise<void>;
  /** Longest time for the runtime to start again what crashed, ms. */
  restart: number;
  /** What a release is started from, where it is not a folder of the host. */
  artifact?: (id: string) => string;
  /** Where the application finds itself; default: in its release's folder. */
  folder?: RegExp;
  /** The host's number of a process that the application knows by its own. */
  hostPid?: (pid: number) => Promise<number>;
}

export const app = fileURLToPath(new URL('app/app.mjs', import.meta.url));
export const grace = 10_000;

export async function started(
  tested: RuntimeUnderTest,
  { slot = 'blue' as Slot, id = '7', habits = '', env = {}, words = [] as readonly string[], port = 0 } = {},
): Promise<Launch> {
  await tested.stage(id);
  const launch: Launch = {
    release: { ...release(id), ...(tested.artifact ? { artifact: tested.artifact(id) } : {}) },
    port: port || tested.ports[slot],
    argv: [process.execPath, app, ...words],
    env: { HABITS: habits, ...env, PORT: String(port || tested.ports[slot]), CUTOVER_RELEASE: id },
    user: undefined,
  };
  await tested.runtime.start(slot, launch);
  await tested.runtime.keep(slot);
  if (!habits.includes('crash'))
    await until(async () => (await ask(launch.port, '/who')) !== undefined, 20_000, 'the app');
  return launch;
}

export async function ask<T>(port: number, path: string): Promise<T | undefined> {
  const options = { headers: { connection: 'close' }, signal: AbortSignal.timeout(2000) };
  try {
    return (await (await fetch(`http://127.0.0.1:${port}${path}`, options)).json()) as T;
  } catch {
    return undefined;
  }
}

export async function pidOf(tested: RuntimeUnderTest, pid = 0): Promise<number> {
  return tested.hostPid ? tested.hostPid(pid) : pid;
}

/** Whether it runs; a zombie does not. */
export function runs(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
