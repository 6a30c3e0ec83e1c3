import type { Failure } from '../../../core/failure.ts';
import { connectionLost, notReached } from './failures.ts';
import { plainShell, rootShell, type Connection } from './connection.ts';
import { startGuard, type Guard } from './guard.ts';
import type { Mux } from './mux.ts';
import { surroundings } from './script.ts';
import { sessionByMux, sessionByProgram, type Session } from './session.ts';
import { openShell, ShellGone, type Printed, type Shell } from './shell.ts';

/** sshd allows ten sessions in one connection; one is the guard's, one an upload's, one is for logs. */
const most = 6;

export interface ShellsOptions {
  /** The shells are root's, by sudo. */
  elevated: boolean;
  guarded: boolean;
}

/**
 * The shells of one command on one server. What is quick goes to the first, one after another without
 * waiting for answers; what may take long gets one of its own.
 */
export interface Shells {
  readonly hello: readonly string[];
  /** Undefined: the server is only looked at. */
  readonly guard: Guard | undefined;
  quick(script: string, deadline: number): Promise<Answered>;
  alone(script: string, deadline: number, signal?: AbortSignal): Promise<Answered>;
}

export type Answered = Printed & { timedOut: boolean };

/** Of what was ended by KILL. */
const nothing = { code: 137, stdout: '', stderr: '' };

export async function openShells(
  connection: Connection,
  mux: Mux,
  introduction: string,
  options: ShellsOptions,
): Promise<Shells> {
  const argv = connection.session(options.elevated ? rootShell : plainShell);
  const begin = beginnerOf(argv, mux, options);
  const opened: Shell[] = [];
  const refused = (error: unknown) => {
    throw error instanceof ShellGone ? notReached(connection.server, error, options.elevated) : error;
  };
  const first = await openShell(await begin(), introduction).catch(refused);
  const guard = options.guarded ? await startGuard(argv).catch(refused) : undefined;
  let lost: string | undefined;
  let opening = 0;
  void guard?.gone.then(giveUp);
  await add(first);

  async function add(shell: Shell): Promise<void> {
    await guard?.watch(shell.pid).catch((error: unknown) => Promise.reject(giveUp(error)));
    opened.push(shell);
  }

  /**
   * Without the guard nothing may be done there any more: others may have the lock. So one session that is
   * lost takes all along, and nobody waits for more.
   */
  function giveUp(error: unknown): Failure {
    lost ??= error instanceof Error ? error.message : String(error);
    guard?.close();
    return connectionLost(connection.server, lost);
  }

  function usable(): readonly Shell[] {
    if (guard && lost !== undefined) throw giveUp(lost);
    return opened.filter((shell) => !shell.over());
  }

  /** One that is idle, or one more; where the server allows no more, the one with the least to do. */
  async function free(): Promise<Shell> {
    const idle = usable().find((shell) => shell.pending() === 0);
    if (idle) return idle;
    if (usable().length + opening < most) await openAnother();
    const [least] = usable().toSorted((a, b) => a.pending() - b.pending());
    if (least) return least;
    throw giveUp('no session is left');
  }

  async function openAnother(): Promise<void> {
    opening += 1;
    try {
      const next = await openShell(await begin(), surroundings).catch(() => undefined);
      if (next) await add(next);
    } finally {
      opening -= 1;
    }
  }

  async function on(shell: Shell, script: string, deadline: number, signal?: AbortSignal): Promise<Answered> {
    const called = { off: signal?.aborted ?? false, late: false };
    if (called.off) return { ...nothing, timedOut: false };
    const end = (why: 'off' | 'late') => {
      called[why] = true;
      void endGroup(shell);
    };
    const abort = () => end('off');
    const timer = setTimeout(() => end('late'), deadline);
    signal?.addEventListener('abort', abort);
    try {
      return { ...(await shell.run(script)), timedOut: false };
    } catch (error) {
      if (called.late || called.off) return { ...nothing, timedOut: called.late };
      throw giveUp(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** The shell itself has the number of its group, so that number is no other's as long as it is open. */
  async function endGroup(shell: Shell): Promise<void> {
    if (shell.over()) return;
    const other = await openShell(await begin(), ':').catch(() => undefined);
    await other?.run(`kill -s KILL -- -${shell.pid}`).catch(() => undefined);
    other?.close();
  }

  return {
    hello: first.hello,
    guard,
    async quick(script, deadline) {
      const [oldest] = usable();
      return on(oldest ?? (await free()), script, deadline);
    },
    alone: async (script, deadline, signal) => on(await free(), script, deadline, signal),
  };
}

/**
 * Who only looks needs nothing that the user's configuration gives a session, such as an agent or variables, and
 * so no program for it where the connection is open.
 */
function beginnerOf(argv: readonly string[], mux: Mux, { elevated, guarded }: ShellsOptions): () => Promise<Session> {
  const looks = !elevated && !guarded;
  return async () => (looks && (await sessionByMux(mux, plainShell))) || sessionByProgram(argv);
}
