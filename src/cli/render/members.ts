import type { Member } from '../../core/member.ts';
import { humanDuration } from '../../lib/duration.ts';
import type { Paint } from './paint.ts';
import { table } from './table.ts';

export function membersText(members: readonly Member[], now: number, paint: Paint): string {
  const rows = members.map(({ slot, address, state, since, answer }) => [
    slot,
    address,
    { ready: paint.green, suspect: paint.yellow, offline: paint.red, drain: paint.dim }[state](state),
    humanDuration(Math.max(0, now - since)),
    answer ?? '-',
  ]);
  return `${table(['pool', 'server', 'state', 'for', 'last check'], rows, paint)}\n`;
}
