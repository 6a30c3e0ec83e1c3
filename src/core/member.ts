import type { Slot } from './slot.ts';

/** One server of a pool. Only `ready` and `suspect` ones get new connections. */
export interface Member {
  slot: Slot;
  /** `address:port`. */
  address: string;
  /** `suspect`: missed a check, not yet enough of them. `drain`: taken out by a person, who alone brings it back. */
  state: MemberState;
  /** Since when, in ms since the epoch. */
  since: number;
  /** Checks in a row that speak against the state it is in. */
  against: number;
  /** What its last check said. */
  answer: string | undefined;
}

export type MemberState = 'ready' | 'suspect' | 'offline' | 'drain';

export interface Patience {
  /** Successes in a row that bring a server back. */
  rise: number;
  /** Misses in a row that take it out. */
  fall: number;
}

export interface Check {
  healthy: boolean;
  answer: string;
}

export function newMember(slot: Slot, address: string, now: number): Member {
  return { slot, address, state: 'ready', since: now, against: 0, answer: undefined };
}

/** The member after one more check. */
export function judged(member: Member, { healthy, answer }: Check, { rise, fall }: Patience, now: number): Member {
  const seen = { ...member, answer };
  const become = (state: MemberState) => ({ ...seen, state, since: now, against: 0 });
  const against = member.against + 1;
  if (member.state === 'drain') return seen;
  if (member.state === 'offline') {
    if (!healthy) return { ...seen, against: 0 };
    return against >= rise ? become('ready') : { ...seen, against };
  }
  if (healthy) return member.state === 'suspect' ? become('ready') : seen;
  if (against >= fall) return become('offline');
  return member.state === 'suspect' ? { ...seen, against } : { ...become('suspect'), against };
}

export function getsTraffic({ state }: Member): boolean {
  return state === 'ready' || state === 'suspect';
}

/**
 * Who of a pool gets new connections. When nobody is left that could, all do that no person took
 * out: a server that may answer is better than none.
 */
export function serving(pool: readonly Member[]): readonly Member[] {
  const able = pool.filter(getsTraffic);
  if (able.length > 0) return able;
  const tried = pool.filter(({ state }) => state === 'offline');
  return tried.length > 0 ? tried : pool;
}
