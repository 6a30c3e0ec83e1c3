import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { median, shuffled } from './stats.ts';

export interface Ran {
  /** From the start of the process to its end, ms. */
  readonly time: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end; rejects with what it said if it fails. */
export async function timed(argv: readonly string[], cwd: string, env = process.env): Promise<Ran> {
  const [command = '', ...args] = argv;
  const start = performance.now();
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number]>,
  ]);
  const time = performance.now() - start;
  if (code !== 0) throw new Error(`${args.join(' ')} exited ${code}:\n${stderr}`);
  return { time, stdout, stderr };
}

/** Median wall time of each, run in turns so many times; each call may make its own arguments. */
export async function interleavedTimes(
  commands: Readonly<Record<string, () => Promise<Ran>>>,
  rounds: number,
): Promise<Record<string, number>> {
  const times: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, run] of shuffled(Object.entries(commands))) (times[name] ??= []).push((await run()).time);
  }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]));
}
