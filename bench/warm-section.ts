import { endLeftovers } from '../lab/cleanup.ts';
import { median } from './stats.ts';
import type { SwitchSection } from './switch-section.ts';
import { figure, spreadText, table } from './table.ts';
import {
  firstSeconds,
  measureWarmUps,
  readRate,
  ripenSeconds,
  steadySeconds,
  type Variant,
  type WarmTurn,
  writeRate,
} from './warm-rounds.ts';

const variants: readonly Variant[] = [
  { name: 'no warm-up', lines: '' },
  { name: 'paths: [/, /version]', lines: 'warmup: { paths: [/, /version] }\n' },
  { name: 'replay: 500', lines: 'warmup: { replay: 500 }\n' },
];

/** How slow a release is when it is new, with and without warm-up. */
export async function measureWarm(rounds: number, say: (line: string) => void): Promise<SwitchSection> {
  await endLeftovers();
  const turns = await measureWarmUps(variants, rounds, say);
  return { text: describe(turns, rounds), lost: turns.reduce((sum, { lost }) => sum + lost, 0) };
}

function describe(turns: readonly WarmTurn[], rounds: number): string {
  const head = [
    '`warmup`',
    'requests',
    'lost',
    `GET, first ${firstSeconds} s: p50, ms`,
    'p99, ms',
    'steady: p50, ms',
    'p99, ms',
    'p50, ratio',
    'p99, ratio',
    'POST: p50, ratio',
    'p99, ratio',
    'warm-up, s',
    'deploy, s',
  ];
  const of = (name: string): readonly WarmTurn[] => turns.filter((turn) => turn.name === name);
  const client = Math.max(...turns.map((turn) => turn.client));
  return `Deploys of the Spring Boot sample under ${readRate} GETs and ${writeRate} POSTs a second through nginx; no warm-up sends POSTs. The first ${firstSeconds} s after the rename that moves the traffic stand beside the steady state of the same release. That is ${steadySeconds} s after ${ripenSeconds} s of as many requests as it could answer (${figure(median(turns.map(({ sent }) => sent)))} in all, minutes' worth of them) and a rest. Latencies by the strict client, from when a request was due; the ratio is taken within each deploy. Medians of ${rounds} interleaved rounds [quartiles].

${table(
  head,
  variants.map(({ name }) => row(name, of(name))),
)}

${variants.flatMap(({ name }) => saidBy(name, of(name))).join('\n')}

The client used ${figure(client * 100)} % of a core at most.`;
}

function row(name: string, turns: readonly WarmTurn[]): readonly string[] {
  const each = (of: (turn: WarmTurn) => number): string => spreadText(turns.map(of));
  return [
    name,
    turns.reduce((sum, { sent }) => sum + sent, 0).toLocaleString('en'),
    `**${turns.reduce((sum, { lost }) => sum + lost, 0)}**`,
    each(({ reads }) => reads.first.p50),
    each(({ reads }) => reads.first.p99),
    each(({ reads }) => reads.steady.p50),
    each(({ reads }) => reads.steady.p99),
    each(({ reads: { first, steady } }) => first.p50 / steady.p50),
    each(({ reads: { first, steady } }) => first.p99 / steady.p99),
    each(({ writes: { first, steady } }) => first.p50 / steady.p50),
    each(({ writes: { first, steady } }) => first.p99 / steady.p99),
    turns.some(({ said }) => said) ? each(({ said }) => (said?.took ?? Number.NaN) / 1000) : '-',
    each(({ took }) => took / 1000),
  ];
}

function saidBy(name: string, turns: readonly WarmTurn[]): readonly string[] {
  const said = turns.flatMap((turn) => turn.said ?? []);
  return said.length === 0 ? [] : [`- \`${name}\` said: ${said.map(({ text }) => text).join(' · ')}`];
}
