import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Examined, Report } from '../../src/doctor/examine.ts';
import type { Stand } from './stand.ts';

export async function diagnosed(stand: Stand): Promise<Report & { code: number }> {
  const { code, stdout, stderr } = await stand.cutover('doctor', '--json');
  if (stdout === '') throw new Error(`exit code ${code}\n${stderr}`);
  return { ...(JSON.parse(stdout) as Report), code };
}

/** What doctor says about one trap. */
export async function finding(stand: Stand, id: string): Promise<Examined> {
  const found = (await diagnosed(stand)).findings.find((one) => one.id === id);
  if (!found) throw new Error(`there is no check ${id}`);
  return found;
}

/** Everything that is wrong, by id. */
export function wrongIn({ findings }: Report): readonly string[] {
  return findings.filter(({ verdict }) => verdict === 'wrong').map(({ id }) => id);
}

/** A foreign program that listens on a port and answers 200 to everything. */
export async function squatter(port: number): Promise<{ pid: number; stop(): Promise<void> }> {
  const script = `require('http').createServer((q, s) => s.end('UP')).listen(${port}, '127.0.0.1', () => console.log('up'))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

export async function until(condition: () => boolean | Promise<boolean>, patience = 15_000): Promise<void> {
  for (const limit = Date.now() + patience; Date.now() < limit; await sleep(20)) if (await condition()) return;
  throw new Error('it did not come to pass in time');
}
