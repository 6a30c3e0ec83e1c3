import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { end, remember, runs } from '../../lab/cleanup.ts';

export interface Program {
  readonly pid: number;
  stop(): Promise<void>;
}

/** A directory for a contender's files; it goes with the program that is started for it. */
export function workDirectory(name: string): string {
  return mkdtempSync(join(tmpdir(), `cutover-bench-${name}-`));
}

/** Starts a server in the foreground and waits until `url` answers. */
export async function startProgram(argv: readonly string[], dir: string, url: string): Promise<Program> {
  const [command = '', ...args] = argv;
  const env = {
    ...process.env,
    HOME: dir,
    XDG_CONFIG_HOME: dir,
    XDG_DATA_HOME: dir,
    XDG_STATE_HOME: dir,
    XDG_RUNTIME_DIR: dir,
  };
  const child = spawn(command, args, { cwd: dir, env, detached: true, stdio: 'ignore' });
  await once(child, 'spawn');
  child.unref();
  const started = remember(child.pid ?? 0, dir);
  for (let tries = 0; tries < 500 && runs(started); tries += 1) {
    if (await answers(url)) return { pid: started.pid, stop: () => end(started) };
    await sleep(20);
  }
  await end(started, 1000);
  throw new Error(`${command} did not start`);
}

async function answers(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await answer.text();
    return answer.ok;
  } catch {
    return false;
  }
}
