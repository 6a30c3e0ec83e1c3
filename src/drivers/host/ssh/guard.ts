import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { ShellGone } from './shell.ts';

/** Seconds of silence after which the server takes a command for dead. Longer than ssh itself waits. */
const patience = 20;
const heartbeat = 5000;

/*
 * Each line that it reads is the number of a shell to end with us, or `-`. Who wrote it waits for the
 * answer, as `head` may read more than one line. In braces, so that all of it has been read before
 * `head` reads on.
 */
const script = (mark: string) => `{
groups=
echo ${mark} $$
while line=$(timeout ${patience} head -n 1 && echo .) && [ "$line" != . ]; do
  line=\${line%?.}
  [ "$line" = - ] || groups="$groups -$line"
  echo ${mark}
done
[ "$groups" ] && kill -s KILL -- $groups 2> /dev/null
exit
}
`;

/**
 * A process that holds the place of this command on the server. It hears from us every few seconds;
 * when that ends, because the command ended, was killed, or the network is gone, it ends the shells
 * that worked for us with all that they run, and then itself. A lock names it: as long as it lives
 * something may still be under way, and once it is gone nothing is.
 */
export interface Guard {
  readonly pid: number;
  /** From now on the shell ends when we do. */
  watch(shell: number): Promise<void>;
  /** Settles with what ended it. */
  readonly gone: Promise<ShellGone>;
  close(): void;
}

export async function startGuard([program = '', ...words]: readonly string[]): Promise<Guard> {
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const mark = randomBytes(8).toString('hex');
  const { next, gone } = answersOf(child, mark);
  child.stdin.on('error', () => {});
  child.stdin.write(script(mark));
  const pid = Number(await next());
  let last: Promise<string> = Promise.resolve('');
  const say = (line: string) =>
    (last = last.then(() => {
      child.stdin.write(`${line}\n`);
      return next();
    }));
  last.catch(() => undefined);
  const timer = setInterval(() => void say('-').catch(() => clearInterval(timer)), heartbeat);
  timer.unref();
  return {
    pid,
    gone,
    watch: async (shell) => void (await say(String(shell))),
    close() {
      clearInterval(timer);
      child.stdin.end();
    },
  };
}

interface Answers {
  /** The next line that bears the mark, without it. */
  next: () => Promise<string>;
  gone: Promise<ShellGone>;
}

function answersOf(child: ReturnType<typeof spawn>, mark: string): Answers {
  let text = '';
  let words = '';
  let over: ShellGone | undefined;
  let wake = () => {};
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
    wake();
  });
  child.stderr?.setEncoding('utf8').on('data', (part: string) => (words += part));
  const gone = new Promise<ShellGone>((resolve) => {
    child.on('error', ({ message }) => resolve(new ShellGone(127, message)));
    child.on('close', (code) => resolve(new ShellGone(code ?? 255, words.trim())));
  });
  void gone.then((how) => {
    over = how;
    wake();
  });
  const next = async () => {
    for (;;) {
      const found = new RegExp(`^${mark}(.*)\n`, 'm').exec(text);
      if (found) {
        text = text.slice(found.index + found[0].length);
        return (found[1] ?? '').trim();
      }
      if (over) throw over;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  return { next, gone };
}
