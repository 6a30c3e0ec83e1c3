import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import type { ExecOptions } from './machine-exec.ts';
import type { Finished } from './machine-run.ts';

type Exec = (argv: readonly string[], options?: ExecOptions) => Promise<Finished>;

/** Copies a file with its mode, or what is in a folder, to a path in the machine, through a program that runs there. */
export async function copyInto(exec: Exec, from: string, to: string, options: { user?: string } = {}): Promise<void> {
  const found = await stat(from);
  if (found.isDirectory()) return copyFolder(exec, from, to, options);
  const script = 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"';
  const mode = (found.mode & 0o777).toString(8);
  await succeed(exec, ['sh', '-c', script, 'sh', to, mode], { ...options, input: createReadStream(from) });
}

async function copyFolder(exec: Exec, from: string, to: string, options: ExecOptions): Promise<void> {
  const pack = spawn('tar', ['-C', from, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] });
  // Read from the start: what a program that has ended wrote, and nobody read, is thrown away.
  const input = pack.stdout.pipe(new PassThrough());
  await succeed(exec, ['mkdir', '-p', to], options);
  await succeed(exec, ['tar', '-C', to, '--no-same-owner', '-xf', '-'], { ...options, input });
}

/** Runs what must succeed and gives what it printed. */
export async function succeed(exec: Exec, argv: readonly string[], options: ExecOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await exec(argv, { deadline: 300_000, ...options });
  if (code === 0) return stdout;
  throw new Error(`${argv.join(' ')} in the machine ended with ${String(code)}: ${stderr.trim()}`);
}
