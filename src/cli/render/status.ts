import type { SlotStatus, Status } from '../../core/status.ts';
import { slots, type Slot } from '../../core/slot.ts';
import { humanBytes, humanDuration } from '../../lib/duration.ts';
import type { Paint } from './paint.ts';
import { table } from './table.ts';

/** One screen: what is live, what stands by, whether all agree, and what to type next. */
export function statusText(status: Status, now: number, paint: Paint): string {
  const counts = countsIn(status);
  const rows = slots.map((slot) => slotRow(slot, status.slots[slot], status.split[slot], now, paint, counts));
  const parts = [
    headline(status, now, paint),
    '',
    table(['slot', 'state', 'release', 'port', 'pid', 'up', 'memory', 'restarts', ...counts, ''], rows, paint),
    '',
    `front door  ${status.frontDoor.detail}`,
    `releases    ${status.releases.join(', ') || 'none'}`,
    ...failoverLines(status, paint),
    ...deploymentLines(status, paint),
    ...disagreementLines(status, paint),
    `next        ${status.next}`,
    '',
  ];
  return parts.join('\n');
}

const possible = ['connections', 'streams', 'waiting'] as const;
type Count = (typeof possible)[number];

/** Columns with something to tell. */
function countsIn({ slots: seen }: Status): readonly Count[] {
  return possible.filter((name) => slots.some((slot) => seen[slot][name] !== null));
}

function headline(
  { app, live, liveSince, slots: seen, agreement, split, deployment }: Status,
  now: number,
  paint: Paint,
): string {
  if (!live && deployment && split.blue > 0 && split.green > 0)
    return `${paint.bold(app)}  ${deployment.command} ${deployment.id} moves the traffic: blue ${split.blue} %, green ${split.green} %`;
  if (agreement !== true && !live) return `${paint.bold(app)}  ${paint.red('nobody gets the traffic')}`;
  if (!live) return `${paint.bold(app)}  nothing is deployed yet`;
  const release = seen[live].release ?? '?';
  const since = liveSince
    ? `  ${paint.dim(`${ago(liveSince.at, now)}, ${liveSince.command} by ${liveSince.by}${liveSince.message ? `: ${liveSince.message}` : ''}`)}`
    : '';
  return `${paint.bold(app)}  release ${release} is live in ${paint.green(live)}${since}`;
}

function slotRow(
  slot: Slot,
  seen: SlotStatus,
  share: number,
  now: number,
  paint: Paint,
  counts: readonly Count[],
): readonly string[] {
  const colour = {
    live: paint.green,
    canary: paint.yellow,
    standby: paint.blue,
    starting: paint.yellow,
    stopped: paint.dim,
    failed: paint.red,
  }[seen.state];
  return [
    slot,
    colour(share > 0 && share < 100 ? `${seen.state} ${share} %` : seen.state),
    seen.release ?? '-',
    String(seen.port),
    String(seen.pid ?? '-'),
    seen.since ? humanDuration(now - Date.parse(seen.since)) : '-',
    seen.memory === null ? '-' : humanBytes(seen.memory),
    String(seen.restarts),
    ...counts.map((name) => String(seen[name] ?? '-')),
    seen.detail ?? '',
  ];
}

function failoverLines({ failovers }: Status, paint: Paint): readonly string[] {
  if (!failovers) return [];
  const { requests, seconds, last } = failovers;
  return [paint.yellow(`failover    the standby answered ${requests} requests in ${seconds} s, last at ${last}`)];
}

function deploymentLines({ deployment }: Status, paint: Paint): readonly string[] {
  if (!deployment) return [];
  const { command, id, by, step, running } = deployment;
  const words = `${command} ${id} by ${by}, at ${step ?? 'its begin'}`;
  return [running ? paint.yellow(`running     ${words}`) : paint.red(`interrupted ${words}`)];
}

function disagreementLines({ agreement }: Status, paint: Paint): readonly string[] {
  if (agreement === true) return [];
  return [
    paint.red('disagree    records, router and processes do not tell the same'),
    `            records ${agreement.records}, router ${agreement.router}, front door ${agreement.frontDoor}`,
    ...agreement.differences.map((difference) => `            ${difference}`),
  ];
}

function ago(iso: string, now: number): string {
  return `${humanDuration(Math.max(0, now - Date.parse(iso)))} ago`;
}
