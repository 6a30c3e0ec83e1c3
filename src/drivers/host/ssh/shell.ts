import { randomUUID } from 'node:crypto';
import type { Ended, Session } from './session.ts';

/** What one script of a shell printed, and how it ended. */
export interface Printed {
  code: number;
  stdout: string;
  stderr: string;
}

/** A POSIX shell on the server that runs one script after another. */
export interface Shell {
  /** The shell, and the group of all that it runs. */
  readonly pid: number;
  /** What it printed to introduce itself, a line each. */
  readonly hello: readonly string[];
  /** Scripts that it has been given and has not finished. */
  readonly pending: () => number;
  readonly over: () => boolean;
  /** Rejects when the shell went away before it was done. */
  run(script: string): Promise<Printed>;
  close(): void;
}

export class ShellGone extends Error {
  readonly code: number;
  constructor(code: number, words: string) {
    super(words);
    this.code = code;
  }
}

interface Waiting {
  resolve: (printed: Printed) => void;
  reject: (error: Error) => void;
}

/**
 * Scripts go to its standard input; what they print comes back on both outputs, each ended by a word
 * that nobody else can know. So nothing has to be quoted, escaped or counted on the way back.
 */
export async function openShell(session: Session, introduction: string): Promise<Shell> {
  const mark = randomUUID();
  const waiting: Waiting[] = [];
  const printed = outputsOf(session, mark, (done) => waiting.shift()?.resolve(done));
  const ended = new Promise<ShellGone>((resolve) => {
    const gone = ({ code, words }: Ended) => resolve(new ShellGone(code, words ?? printed.words()));
    void session.ended.then((how) => setTimeout(gone, 20, how));
  });
  let over = false;
  void ended.then((gone) => {
    over = true;
    for (const { reject } of waiting.splice(0)) reject(gone);
  });
  session.stdin.on('error', () => {});
  const run = (script: string) =>
    new Promise<Printed>((resolve, reject) => {
      if (over) return void ended.then(reject);
      waiting.push({ resolve, reject });
      session.stdin.write(`${script}\n${footer(mark)}`);
    });
  const { stdout } = await run(`printf '\\0%s\\n' $$; ${introduction}`);
  // What a start-up file of the account prints comes before it.
  const hello = stdout.slice(stdout.lastIndexOf('\0') + 1).split('\n');
  const [pid] = hello;
  return {
    pid: Number(pid),
    hello: hello.slice(1),
    pending: () => waiting.length,
    over: () => over,
    run,
    close: () => session.stdin.end(),
  };
}

function footer(mark: string): string {
  return `printf '\\n${mark} %d\\n' "$?"; printf '\\n${mark}\\n' >&2\n`;
}

function outputsOf(session: Session, mark: string, tell: (done: Printed) => void): { words: () => string } {
  const ends = { out: `\n${mark} `, err: `\n${mark}\n` };
  let [out, err] = [Buffer.alloc(0), Buffer.alloc(0)];
  const check = () => {
    for (;;) {
      const [outEnd, errEnd] = [out.indexOf(ends.out), err.indexOf(ends.err)];
      const lineEnd = outEnd === -1 ? -1 : out.indexOf('\n', outEnd + ends.out.length);
      if (lineEnd === -1 || errEnd === -1) return;
      const code = Number(out.toString('latin1', outEnd + ends.out.length, lineEnd));
      const done = { code, stdout: out.toString('utf8', 0, outEnd), stderr: err.toString('utf8', 0, errEnd) };
      out = out.subarray(lineEnd + 1);
      err = err.subarray(errEnd + ends.err.length);
      tell(done);
    }
  };
  session.stdout.on('data', (part: Buffer) => {
    out = Buffer.concat([out, part]);
    check();
  });
  session.stderr.on('data', (part: Buffer) => {
    err = Buffer.concat([err, part]);
    check();
  });
  return { words: () => err.toString('utf8').trim() };
}
