import type { Failure } from '../../../core/failure.ts';
import { connectionLost, notReached } from './failures.ts';
import { plainShell, rootShell, type Connection } from './connection.ts';
import { startGuard, type Guard } from './guard.ts';
import { openShell, ShellGone, type Printed, type Shell } from './shell.ts';

/** sshd allows ten sessions in one connection; one is the guard's, one an upload's, one is for logs. */
const most = 6;

export interface ShellsOptions {
  /** The shells are root's, by sudo. */
  elevated: boolean;
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
  introduction: string,
  options: ShellsOptions & { guarded: boolean },
): Promise<Shells> {
  const argv = connection.session(options.elevated ? rootShell : plainShell);
  const opened: Shell[] = [];
  const first = await openShell(argv, introduction).catch((error: unknown) => {
    throw error instanceof ShellGone ? notReached(connection.server, error, options.elevated) : error;
  });
  const guard = options.guarded ? await startGuard(argv) : undefined;
  let lost: string | undefined;
  await guard?.watch(first.pid);
  opened.push(first);

  /** Once it is lost it stays so: the guard has ended what this command was about, and others may have the lock. */
  function asLost(error: unknown): Failure {
    lost ??= error instanceof Error ? error.message : String(error);
    return connectionLost(connection.server, lost);
  }

  function mustNotBeLost(): void {
    if (lost !== undefined) throw asLost(undefined);
  }

  /** One that is idle, or one more; where the server allows no more, the one with the least to do. */
  async function free(): Promise<Shell> {
    const idle = usable().find((shell) => shell.pending() === 0);
    if (idle) return idle;
    const next = usable().length < most ? await openShell(argv, ':').catch(() => undefined) : undefined;
    if (next) await guard?.watch(next.pid).catch((error: unknown) => Promise.reject(asLost(error)));
    if (next) opened.push(next);
    const [least] = usable().toSorted((a, b) => a.pending() - b.pending());
    if (least) return least;
    throw asLost('no session is left');
  }

  function usable(): readonly Shell[] {
    mustNotBeLost();
    return opened.filter((shell) => !shell.over());
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
      throw asLost(error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** The shell itself has the number of its group, so that number is no other's as long as it is open. */
  async function endGroup(shell: Shell): Promise<void> {
    if (shell.over()) return;
    const another = await openShell(argv, ':').catch(() => undefined);
    await another?.run(`kill -s KILL -- -${shell.pid}`).catch(() => undefined);
    another?.close();
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
