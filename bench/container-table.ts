import type { LoadReport } from '../lab/strict-client.ts';
import { connections, rate, type Turn } from './container-rounds.ts';
import type { DeployerKind } from './contenders/deployer.ts';
import { median } from './stats.ts';
import { figure, table } from './table.ts';

/** The section of the results, and how many requests cutover lost. */
export function describeContainers(
  kinds: readonly DeployerKind[],
  turns: readonly Turn[],
): { text: string; lost: number } {
  const head = [
    '',
    'deploys',
    'requests',
    'lost',
    'a deploy, s',
    'first new answer, ms',
    'last request to the old, ms',
  ];
  const of = (name: string): readonly Turn[] => turns.filter((turn) => turn.name === name);
  const text = `Deploys of the Node sample as an image, to and fro, by a real engine in a network namespace of its own. ${rate} requests/s on ${connections} keep-alive connections, half of them idle ones that send at the very moment at which the traffic is moved; GET and POST, no retries. Each brings its own proxy; turns are interleaved.
The traffic is moved with the rename (cutover), when the include is written and nginx reloaded (script), when the old container is told to stop (rollout) or made unhealthy (rollout, drained). Times after that, median (worst), negative before it: when the first answer of the new release came, and when the last request was *sent* that still got the old one.

${table(
  head,
  kinds.map(({ name }) => row(name, of(name))),
)}

${kinds.map(({ name, how }) => `- ${name}: ${how}`).join('\n')}

${[...kinds.map(({ name }) => kindsOf(name, of(name))), clientOf(turns)].filter(Boolean).join(' ')}`;
  return { text, lost: sum(of('cutover'), ({ lost }) => lost) };
}
/** A client that has no time left would lose requests by its own fault. */
function clientOf(turns: readonly Turn[]): string {
  const shares = turns.map(({ report }) => report.cpu / report.seconds);
  return `The client used ${figure(Math.max(...shares) * 100)} % of a core at most (median ${figure(median(shares) * 100)} %).`;
}

function row(name: string, turns: readonly Turn[]): string[] {
  const deploys = turns.flatMap((turn) => turn.deploys);
  const lost = sum(turns, (report) => report.lost);
  return [
    name,
    String(deploys.length),
    sum(turns, ({ sent }) => sent).toLocaleString('en'),
    name === 'cutover' || lost > 0 ? `**${lost.toLocaleString('en')}**` : '0',
    spreadOf(deploys.map(({ took }) => took / 1000)),
    spreadOf(deploys.map(({ firstNew }) => firstNew)),
    spreadOf(deploys.map(({ lastOld }) => lastOld)),
  ];
}

function sum(turns: readonly Turn[], count: (report: LoadReport) => number): number {
  return turns.reduce((all, { report }) => all + count(report), 0);
}

function spreadOf(times: readonly number[]): string {
  return `${signed(median(times))} (${signed(Math.max(...times))})`;
}

function signed(number: number): string {
  return number < 0 ? `-${figure(-number)}` : figure(number);
}

/** What the losses were: a reset is another thing than an answer 502. */
function kindsOf(name: string, turns: readonly Turn[]): string {
  const counts: Record<string, number> = {};
  for (const { report } of turns)
    for (const [kind, count] of Object.entries(report.lossKinds)) counts[kind] = (counts[kind] ?? 0) + count;
  const list = Object.entries(counts).map(([kind, count]) => `${count.toLocaleString('en')} ${kind}`);
  return list.length === 0 ? '' : `Lost with ${name}: ${list.join(', ')}.`;
}
