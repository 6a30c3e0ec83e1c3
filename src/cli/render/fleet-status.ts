import { stripVTControlCharacters } from 'node:util';
import { otherSlot } from '../../core/slot.ts';
import type { FleetStatus, ServerStatus } from '../../core/fleet-status.ts';
import type { Status } from '../../core/status.ts';
import { humanDuration } from '../../lib/duration.ts';
import type { Paint } from './paint.ts';

/*
 * Rows come as the servers answer, so the widths are set beforehand: by the names, and by what the
 * other columns can hold.
 */
const columns = ['release', 'slot', 'up', 'standby', 'front door', ''] as const;
const widths = [8, 6, 12, 8, 11, 0] as const;

export function fleetStatusHead(app: string, names: readonly string[], roles: boolean, paint: Paint): string {
  const head = line(['server', ...(roles ? ['role'] : []), ...columns], widthsFor(names, roles));
  return `${paint.bold(app)}  ${names.length} servers\n\n${paint.dim(head)}\n`;
}

export function fleetStatusRow(
  server: ServerStatus,
  names: readonly string[],
  roles: boolean,
  now: number,
  paint: Paint,
): string {
  const cells = [server.name, ...(roles ? [server.role ?? '-'] : []), ...cellsOf(server, now, paint)];
  return `${line(cells, widthsFor(names, roles))}\n`;
}

export function differencesText({ servers, differences }: FleetStatus, paint: Paint): string {
  const silent = servers.filter(({ status }) => !status).map(({ name }) => name);
  const lines = [
    ...(silent.length > 0 ? [paint.red(`no answer   ${silent.join(', ')}`)] : []),
    ...differences.map((difference) => paint.yellow(`differ      ${difference}`)),
  ];
  const same = lines.length === 0 ? [paint.dim(alikeText(servers))] : lines;
  return `\n${same.join('\n')}\n`;
}

/** The same artifact may have been deployed to some of them once more: a rollback by number is another one there. */
function alikeText(servers: readonly ServerStatus[]): string {
  const live = servers.flatMap(({ status }) => (status?.live ? [status.slots[status.live].release ?? '?'] : []));
  const numbers = [...new Set(live)].toSorted((a, b) => Number(a) - Number(b));
  if (numbers.length < 2) return 'all servers have the same release and configuration';
  return `all servers have the same artifact and configuration, as releases ${numbers.join(', ')}`;
}

function widthsFor(names: readonly string[], roles: boolean): readonly number[] {
  const longest = Math.max(6, ...names.map((name) => name.length));
  return [longest, ...(roles ? [8] : []), ...widths];
}

function cellsOf({ status, failure }: ServerStatus, now: number, paint: Paint): readonly string[] {
  if (!status) return ['-', '-', '-', '-', '-', paint.red(failure?.what ?? 'no answer')];
  const { live, slots } = status;
  if (!live) return ['-', '-', '-', '-', '-', status.next];
  const standby = slots[otherSlot(live)];
  const seen = slots[live];
  return [
    seen.release ?? '-',
    seen.state === 'live' ? paint.green(live) : paint.red(live),
    seen.since ? humanDuration(now - Date.parse(seen.since)) : '-',
    standby.state === 'standby' ? paint.blue(standby.release ?? '-') : '-',
    String(status.frontDoor.status ?? '-'),
    troubleOf(status, paint),
  ];
}

/** What is not as it should be, and what to type. */
function troubleOf({ agreement, deployment, live, slots, next }: Status, paint: Paint): string {
  if (deployment)
    return deployment.running ? paint.yellow(`${deployment.command} by ${deployment.by} runs`) : paint.red(next);
  if (agreement !== true) return paint.red(next);
  return live && slots[live].state !== 'live' ? paint.red(slots[live].detail ?? next) : '';
}

function line(cells: readonly string[], all: readonly number[]): string {
  return cells
    .map((cell, index) => cell + ' '.repeat(Math.max(0, (all[index] ?? 0) - stripVTControlCharacters(cell).length)))
    .join('  ')
    .trimEnd();
}
