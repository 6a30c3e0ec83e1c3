import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { RunOptions, RunResult } from '../../ports.ts';

const defaultDeadline = 120_000;
/** The folders of nginx and other servers are not in the PATH of Debian's ordinary users. */
const searchPath = `${process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`;

/**
 * Runs an argument list in a process group of its own, so that a Ctrl-C at the terminal reaches
 * cutover alone, and so that its whole group can be ended at the deadline.
 */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  if (options.passOn) return passedOn(argv);
  const [program = '', ...rest] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, rest, {
      cwd: options.cwd,
      env: { ...process.env, PATH: searchPath, LC_ALL: 'C', ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const stdout = collected(child.stdout);
    const stderr = collected(child.stderr);
    let settled = false;
    const end = (code: number, timedOut = false, words = '') => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
      resolve({ code, stdout: stdout(), stderr: stderr() + words, timedOut });
    };
    const abort = () => {
      killGroup(child);
      end(128 + constants.signals.SIGKILL);
    };
    const timer = setTimeout(() => {
      killGroup(child);
      end(128 + constants.signals.SIGKILL, true);
    }, options.deadline ?? defaultDeadline);
    if (options.signal?.aborted) abort();
    options.signal?.addEventListener('abort', abort);
    child.on('error', (error) => end(127, false, error.message));
    child.on('close', (code, signal) => end(code ?? 128 + (signal ? constants.signals[signal] : 0)));
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input);
  });
}

function passedOn([program = '', ...rest]: readonly string[]): Promise<RunResult> {
  const child = spawn(program, rest, { stdio: ['ignore', 'inherit', 'inherit'] });
  const result = { stdout: '', stderr: '', timedOut: false };
  return new Promise((resolve) => {
    child.on('error', ({ message }) => resolve({ ...result, code: 127, stderr: message }));
    child.on('close', (code) => resolve({ ...result, code: code ?? 0 }));
  });
}

function collected(stream: NodeJS.ReadableStream | null): () => string {
  let text = '';
  stream?.setEncoding('utf8').on('data', (part: string) => (text += part));
  return () => text;
}

function killGroup(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  if (child.pid === undefined || child.exitCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It went by itself in this very moment.
  }
}
