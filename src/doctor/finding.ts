import type { Context } from './context.ts';

/**
 * `note`: nothing is wrong, but it should be known. `unknown`: this user may not look.
 * `later`: there is nothing to look at yet, e.g. before the first deploy.
 */
export type Verdict = 'fine' | 'note' | 'warning' | 'wrong' | 'unknown' | 'later';

export interface Finding {
  verdict: Verdict;
  /** What was seen, in one line that tells people why it is fine or what is wrong. */
  says: string;
  /** What to do or type about it. */
  fix?: string;
}

export type Group = 'traffic' | 'application' | 'nginx' | 'kernel' | 'server' | 'deployments';

/** One known trap, and how to look for it on this server. */
export interface Check {
  /** Stable name for machines. */
  id: string;
  group: Group;
  /** Number in the list of what goes wrong with hand-written scripts; undefined: learnt elsewhere. */
  trap: number | undefined;
  /** At most 20 letters. */
  title: string;
  /** An error that it throws means that this user may not look. */
  check(context: Context): Promise<Finding> | Finding;
}

export function fine(says: string): Finding {
  return { verdict: 'fine', says };
}

export function note(says: string, fix?: string): Finding {
  return { verdict: 'note', says, ...(fix ? { fix } : {}) };
}

export function warning(says: string, fix: string): Finding {
  return { verdict: 'warning', says, fix };
}

export function wrong(says: string, fix: string): Finding {
  return { verdict: 'wrong', says, fix };
}

export function unknown(says: string, fix?: string): Finding {
  return { verdict: 'unknown', says, ...(fix ? { fix } : {}) };
}

export function later(says: string): Finding {
  return { verdict: 'later', says };
}
