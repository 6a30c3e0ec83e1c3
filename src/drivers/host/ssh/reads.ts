import { randomUUID } from 'node:crypto';
import type { ReadOptions } from '../../../ports.ts';
import { missing, readAllScript, readLinksScript, readScript } from './script.ts';
import type { Answered } from './shells.ts';

export interface Reads {
  read(file: string, wanted: ReadOptions): Promise<string | undefined>;
  /** Sends what has been asked for so far: whatever is asked for later comes after it. */
  flush(): void;
}

interface Wanted {
  file: string;
  how: ReadOptions;
  resolve: (text: string | undefined | Promise<string | undefined>) => void;
  reject: (error: unknown) => void;
}

/** As many as fit into an argument list by far. */
const most = 64;

/**
 * Files that are asked for at the same time are read by one program, and so are links: to start one costs a
 * server more than what it does then. Where that one complains, each is read by itself, which tells what is
 * the matter.
 */
export function readsOf(run: (script: string) => Promise<Answered>): Reads {
  const waiting: { texts: Wanted[]; links: Wanted[] } = { texts: [], links: [] };

  function flush(): void {
    together(waiting.texts.splice(0), textsOf);
    together(waiting.links.splice(0), linksOf);
  }

  function together(all: readonly Wanted[], read: (all: readonly Wanted[]) => Promise<Found>): void {
    const [only, ...others] = all;
    if (only && others.length === 0) return only.resolve(one(only));
    if (only) readAll(all, read).catch((error: unknown) => all.forEach(({ reject }) => reject(error)));
  }

  async function readAll(all: readonly Wanted[], read: (all: readonly Wanted[]) => Promise<Found>): Promise<void> {
    const { there, texts } = await read(all);
    const whole = there.length === all.length && texts.length === there.join('').replaceAll('0', '').length;
    for (const [at, wanted] of all.entries()) {
      const its = whole ? texts.splice(0, there[at]?.replaceAll('0', '').length) : [];
      if (!whole) wanted.resolve(one(wanted));
      else wanted.resolve(its.length > 0 || wanted.how.every ? its.join('') : undefined);
    }
  }

  async function textsOf(all: readonly Wanted[]): Promise<Found> {
    const mark = randomUUID();
    const texts = all.map(({ file, how }) => ({ file, every: how.every ?? false }));
    return textsIn(await run(readAllScript(texts, mark)), mark);
  }

  async function linksOf(all: readonly Wanted[]): Promise<Found> {
    const answered = await run(readLinksScript(all.map(({ file }) => file)));
    return foundIn(answered, (shown) => shown.split('\n').slice(0, -1));
  }

  async function one({ file, how: wanted }: Pick<Wanted, 'file' | 'how'>): Promise<string | undefined> {
    const { code, stdout, stderr } = await run(readScript(file, wanted));
    if (code === missing) return undefined;
    if (code !== 0) throw new Error(stderr.trim() || `${file} cannot be read`);
    return wanted.look ? stdout.trim() : stdout;
  }

  return {
    flush,
    read(file, how) {
      if (how.look) return one({ file, how });
      const list = how.link ? waiting.links : waiting.texts;
      return new Promise((resolve, reject) => {
        if (list.length === 0) setImmediate(flush);
        list.push({ file, how, resolve, reject });
        if (list.length >= most) flush();
      });
    },
  };
}

interface Found {
  /** Of each path, a digit for each of its files: whether it is there. */
  there: readonly string[];
  /** Of each file that is. */
  texts: string[];
}

/** The environment that ends each text comes twice in a row first: so long is it. */
function textsIn(answered: Answered, mark: string): Found {
  return foundIn(answered, (shown) => {
    const first = shown.indexOf(mark);
    const length = shown.indexOf(mark, first + 1) - first;
    const end = shown.slice(0, length);
    return shown
      .slice(2 * length)
      .split(end)
      .slice(0, -1);
  });
}

function foundIn({ code, stdout }: Answered, textsOf: (shown: string) => string[]): Found {
  if (code !== 0) return { there: [], texts: [] };
  const end = stdout.indexOf('\n');
  const there = stdout.slice(0, end).split(',').slice(0, -1);
  return { there, texts: textsOf(stdout.slice(end + 1)) };
}
