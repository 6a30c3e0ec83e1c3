import type { LockOwner } from '../ports.ts';

/** Who, from where, and which process proves that they are still at it. */
export function ownerText({ user, host, from, pid }: LockOwner): string {
  return from === undefined ? `${user}@${host}, process ${pid}` : `${from}, as ${user}@${host} (process ${pid} there)`;
}
