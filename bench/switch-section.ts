import { endLeftovers } from '../lab/cleanup.ts';
import type { LoadReport } from '../lab/strict-client.ts';
import { startBackends } from './backends.ts';
import { startField } from './contenders/all.ts';
import type { Contender } from './contenders/contender.ts';
import { residentMemory } from './process-time.ts';
import { median, shuffled } from './stats.ts';
import { connections, loadAtRest, loadWhileSwitching, rate, type SwitchRun } from './switches.ts';
import { figure, table } from './table.ts';

export interface SwitchPlan {
  readonly short: boolean;
  readonly rounds: number;
  /** Of each contender in a round; even, so that a round ends where it began. */
  readonly switches: number;
  readonly interval: number;
  readonly rest: number;
}

export interface SwitchSection {
  readonly text: string;
  /** By cutover. */
  readonly lost: number;
}

interface Record {
  readonly contender: Contender;
  readonly rests: LoadReport[];
  readonly runs: SwitchRun[];
  memory: number;
}

/** All contenders stay up; the load goes to one after the other, in another order each round. */
export async function measureSwitches(plan: SwitchPlan, say: (line: string) => void): Promise<SwitchSection> {
  await endLeftovers();
  const backends = await startBackends();
  const { contenders, absent } = await startField(backends.ports, plan.short);
  const direct: LoadReport[] = [];
  const records = contenders.map((contender): Record => ({
    contender,
    rests: [],
    runs: [],
    memory: residentMemory(contender.pid),
  }));
  try {
    for (let round = 1; round <= plan.rounds; round += 1) {
      direct.push(await loadAtRest(`http://127.0.0.1:${backends.ports.blue}`, plan.rest));
      for (const record of shuffled(records)) await takeTurn(record, plan, say);
      say(`round ${round} of ${plan.rounds} done`);
    }
    return { text: describe(records, direct, absent), lost: lostBy(records, 'cutover') };
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
    await backends.stop();
  }
}

/** A long run of switches for cutover alone. */
export async function measureManySwitches(count: number, interval: number): Promise<SwitchSection> {
  const backends = await startBackends();
  const { contenders } = await startField(backends.ports, true);
  const cutover = contenders.find(({ name }) => name === 'cutover');
  try {
    if (!cutover) throw new Error('cutover did not start');
    const run = await loadWhileSwitching(cutover, count, interval);
    const { lost, sent } = run.report;
    const text = `${count.toLocaleString('en')} switches, one every ${interval} ms: ${sent.toLocaleString('en')} requests, **${lost} lost**. ${timing([run])}`;
    return { text, lost };
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
    await backends.stop();
  }
}

async function takeTurn(
  record: Record,
  { rest, switches, interval }: SwitchPlan,
  say: (line: string) => void,
): Promise<void> {
  const { contender } = record;
  record.rests.push(await loadAtRest(contender.url, rest));
  const run = await loadWhileSwitching(contender, switches, interval);
  record.runs.push(run);
  record.memory = Math.max(record.memory, residentMemory(contender.pid));
  say(`  ${contender.name}: ${run.report.sent} requests, ${run.report.lost} lost`);
}

function lostBy(records: readonly Record[], name: string): number {
  const own = records.filter(({ contender }) => contender.name === name);
  return own.reduce((sum, { rests, runs }) => sum + lostOf([...rests, ...runs.map(({ report }) => report)]), 0);
}

function lostOf(reports: readonly LoadReport[]): number {
  return reports.reduce((sum, { lost }) => sum + lost, 0);
}

function describe(records: readonly Record[], direct: readonly LoadReport[], absent: readonly string[]): string {
  const head = [
    '',
    'switches',
    'requests',
    'lost',
    'command, ms',
    'first new answer',
    'last old answer',
    'p50, 99, 99.9 at rest',
    'switching',
    'MB',
  ];
  const rows = [
    row('no proxy', direct, [], Number.NaN),
    ...records.map(({ contender, rests, runs, memory }) => row(contender.name, rests, runs, memory)),
  ];
  const how = records.map(({ contender }) => `${contender.name}: ${contender.how}`);
  const shares = [
    ...direct,
    ...records.flatMap(({ rests, runs }) => [...rests, ...runs.map(({ report }) => report)]),
  ].map(({ cpu, seconds }) => cpu / seconds);
  return `${rate.toLocaleString('en')} requests/s on ${connections} keep-alive connections, half of them idle ones that send at the very moment of the switch; GET and POST, no retries.
Times in ms after the command, median (worst): when its first new answer came, and when the last request was *sent* that still got the old one. Latencies are medians of the rounds.

${table(head, rows)}

${how.map((one) => `- ${one}`).join('\n')}
${absent.map((one) => `- not measured: ${one}`).join('\n')}

The client used ${figure(Math.max(...shares) * 100)} % of a core at most (median ${figure(median(shares) * 100)} %), and sees the first line of the table without a proxy in between: the two applications are one Node process each on bare sockets, without an HTTP library.
`;
}

function row(name: string, rests: readonly LoadReport[], runs: readonly SwitchRun[], memory: number): string[] {
  const reports = [...rests, ...runs.map(({ report }) => report)];
  const switches = runs.flatMap((run) => run.switches);
  const sent = reports.reduce((sum, one) => sum + one.sent, 0);
  const times = [
    switches.map(({ returned }) => returned),
    switches.map(({ firstNew }) => firstNew ?? Infinity),
    switches.map(({ lastOld }) => lastOld),
  ];
  const [command = '', firstNew = '', lastOld = ''] = times.map(medianAndWorst);
  const lost = lostOf(reports);
  return [
    name,
    String(switches.length),
    sent.toLocaleString('en'),
    name === 'cutover' || lost > 0 ? `**${lost}**` : '0',
    command,
    firstNew,
    lastOld,
    latencies(rests),
    latencies(runs.map(({ report }) => report)),
    figure(memory),
  ];
}

function timing(runs: readonly SwitchRun[]): string {
  const switches = runs.flatMap((run) => run.switches);
  const firstNew = medianAndWorst(switches.map((one) => one.firstNew ?? Infinity));
  return `First new answer after ${firstNew} ms, last request that got the old one sent after ${medianAndWorst(switches.map(({ lastOld }) => lastOld))} ms, median (worst). Switches after which a request sent 5 ms or more after the command had returned got an old answer: **${switches.filter(({ returned, lastOld }) => lastOld >= returned + 5).length}**.`;
}

function medianAndWorst(times: readonly number[]): string {
  if (times.length === 0) return '-';
  const worst = Math.max(...times);
  return `${figure(median(times))} (${worst === Infinity ? 'never' : figure(worst)})`;
}

function latencies(reports: readonly LoadReport[]): string {
  if (reports.length === 0) return '-';
  const all = reports.map(({ latency }) => latency);
  return [all.map(({ p50 }) => p50), all.map(({ p99 }) => p99), all.map(({ p999 }) => p999)]
    .map((one) => figure(median(one)))
    .join(', ');
}
