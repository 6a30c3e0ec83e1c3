import { setTimeout as sleep } from 'node:timers/promises';
import { allEnded } from '../lab/all-ended.ts';
import type { Running } from '../lab/machine.ts';
import type { Server } from '../lab/servers.ts';
import { isHealthy } from './commands.ts';

const port = 8099;

/** The Node sample in /home/deploy/alone on each server at once, without cutover: ms from the first exec to the last one's first 200. */
export async function startedAtOnce(servers: readonly Server[]): Promise<number> {
  const running = await Promise.all(servers.map(startOn));
  try {
    // As many questions a second for all of them together: asking costs the same two cores.
    const ends = await Promise.all(servers.map(({ address }) => firstAnswer(address, 5 * servers.length)));
    return Math.max(...ends) - Math.min(...running.map(execTime));
  } finally {
    for (const one of running) one.signal('SIGTERM');
    await allEnded(running.map(({ done }) => done));
  }
}

/** Prints when the application takes the place of the shell. */
async function startOn({ machine }: Server): Promise<Running> {
  return machine.start(['sh', '-c', 'date +%s%N; exec node server.js'], {
    user: 'deploy',
    cwd: '/home/deploy/alone',
    env: { PORT: String(port), HOST: '0.0.0.0' },
  });
}

function execTime(running: Running): number {
  return Number(/^\d+/.exec(running.output().stdout)?.[0]) / 1e6;
}

async function firstAnswer(address: string, interval: number): Promise<number> {
  for (let tries = 0; tries < 6000; tries += 1) {
    if (await isHealthy(`http://${address}:${port}`)) return performance.timeOrigin + performance.now();
    await sleep(interval);
  }
  throw new Error(`the application does not answer at ${address}`);
}
