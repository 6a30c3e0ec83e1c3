import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';

export interface RunOptions {
  /** Text or a stream for standard input; nothing by default. */
  input?: string | Readable;
  cwd?: string;
  /** Milliseconds, default 60 s; by then the whole process group is killed and the result says so. */
  deadline?: number;
}

export interface Finished {
  /** Exit code; 128 + n when ended by signal n. */
  code: number;
  stdout: string;
  stderr: string;
  timedOut: boolean;
}

export interface Running {
  /** What it has printed so far on standard output and standard error. */
  output(): { stdout: string; stderr: string };
  /** Sends a signal to its process group. A process that is gone already is fine. */
  signal(name: NodeJS.Signals): void;
  readonly done: Promise<Finished>;
}

/** Starts an argument list in a process group of its own. */
export function start(argv: readonly string[], options: RunOptions = {}): Running {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    detached: true,
    stdio: 'pipe',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => (text[name] += chunk));
  }
  feed(child.stdin, options.input);
  const signal = (name: NodeJS.Signals): void => signalGroup(child.pid, name);
  let timedOut = false;
  const timer = setTimeout(() => ((timedOut = true), signal('SIGKILL')), options.deadline ?? 60_000);
  const done = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, by) =>
      resolve({ code: code ?? 128 + (by === null ? 0 : constants.signals[by]), ...text, timedOut }),
    );
  }).finally(() => clearTimeout(timer));
  return { output: () => ({ ...text }), signal, done };
}

/** Runs an argument list to its end; a non-zero exit is a result. */
export async function run(argv: readonly string[], options?: RunOptions): Promise<Finished> {
  return start(argv, options).done;
}

/** Runs an argument list that must succeed and gives what it printed. */
export async function must(argv: readonly string[], options?: RunOptions): Promise<string> {
  const result = await run(argv, options);
  if (result.code === 0) return result.stdout;
  const ended = result.timedOut ? 'did not end in time' : `ended with ${String(result.code)}`;
  throw new Error(`${argv.join(' ')} ${ended}: ${(result.stderr || result.stdout).trim().slice(-2000)}`);
}

function feed(stdin: NodeJS.WritableStream, input: string | Readable | undefined): void {
  // A program that ends without reading its input closes the pipe early; its exit code says what matters.
  stdin.on('error', () => undefined);
  if (input === undefined || typeof input === 'string') stdin.end(input ?? '');
  else input.pipe(stdin);
}

function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch {
    // Ended in the meantime.
  }
}
