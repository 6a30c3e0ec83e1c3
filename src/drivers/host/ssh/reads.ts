import { randomBytes } from 'node:crypto';
import type { ReadOptions } from '../../../ports.ts';
import { missing, readAllScript, readScript } from './script.ts';
import type { Answered } from './shells.ts';

export interface Reads {
  read(file: string, wanted: ReadOptions): Promise<string | undefined>;
  /** Sends what has been asked for so far: whatever is asked for later comes after it. */
  flush(): void;
}

interface Wanted {
  file: string;
  resolve: (text: string | undefined | Promise<string | undefined>) => void;
  reject: (error: unknown) => void;
}

/** As many as fit into an argument list by far. */
const most = 64;

/**
 * Files that are asked for at the same time are read by one program: to start one costs a server more than
 * what it does then. Where that one complains, each is read by itself, which tells what is the matter.
 */
export function readsOf(run: (script: string) => Promise<Answered>): Reads {
  let waiting: Wanted[] = [];

  function flush(): void {
    const [only, ...others] = waiting;
    if (only === undefined) return;
    const all = waiting;
    waiting = [];
    if (others.length === 0) return only.resolve(one(only.file, {}));
    readAll(all).catch((error: unknown) => {
      for (const { reject } of all) reject(error);
    });
  }

  async function readAll(all: readonly Wanted[]): Promise<void> {
    const mark = randomBytes(16).toString('hex');
    const files = all.map(({ file }) => file);
    const { code, stdout } = await run(readAllScript(files, mark));
    const [there = '', ...texts] = code === 0 ? textsIn(stdout, mark) : [];
    const whole = there.length === all.length && texts.length === there.replaceAll('0', '').length;
    for (const [at, { file, resolve }] of all.entries()) {
      if (!whole) resolve(one(file, {}));
      else resolve(there[at] === '0' ? undefined : texts.shift());
    }
  }

  async function one(file: string, wanted: ReadOptions): Promise<string | undefined> {
    const { code, stdout, stderr } = await run(readScript(file, wanted));
    if (code === missing) return undefined;
    if (code !== 0) throw new Error(stderr.trim() || `${file} cannot be read`);
    return wanted.look ? stdout.trim() : stdout;
  }

  return {
    flush,
    read(file, wanted) {
      if (wanted.link || wanted.look) return one(file, wanted);
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ file, resolve, reject });
        if (waiting.length >= most) flush();
      });
    },
  };
}

/** Which are there, a digit each; then the text of each that is. */
function textsIn(stdout: string, mark: string): readonly string[] {
  const end = stdout.indexOf('\n');
  return [
    stdout.slice(0, end),
    ...stdout
      .slice(end + 1)
      .split(`END=${mark}\0`)
      .slice(0, -1),
  ];
}
