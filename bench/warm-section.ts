import { endLeftovers } from '../lab/cleanup.ts';
import { median } from './stats.ts';
import type { SwitchSection } from './switch-section.ts';
import { figure, spreadText, table } from './table.ts';
import {
  type Compared,
  firstSeconds,
  measureWarmUps,
  readRate,
  ripenSeconds,
  steadySeconds,
  type Variant,
  type WarmTurn,
} from './warm-rounds.ts';

const none = { name: 'no warm-up', lines: '' };
const paths = { name: 'paths: [/, /version]', lines: 'warmup: { paths: [/, /version] }\n' };
const replay = { name: 'replay: 500', lines: 'warmup: { replay: 500 }\n' };
/** POSTs in a second, beside the GETs: enough to see what they cost where nothing warms them. */
const someWrites = 20;
const variants: readonly Variant[] = [
  ...[none, paths, replay].map((kind) => ({ ...kind, writes: 0 })),
  ...[none, paths].map((kind) => ({ ...kind, writes: someWrites })),
];

/** How slow a release is when it is new, with and without warm-up. */
export async function measureWarm(rounds: number, say: (line: string) => void): Promise<SwitchSection> {
  await endLeftovers();
  const turns = await measureWarmUps(variants, rounds, say);
  return { text: describe(turns, rounds), lost: turns.reduce((sum, { lost }) => sum + lost, 0) };
}

function describe(turns: readonly WarmTurn[], rounds: number): string {
  const client = Math.max(...turns.map((turn) => turn.client));
  const sent = figure(median(turns.map((turn) => turn.sent)));
  return `Deploys of the Spring Boot sample under ${readRate} GETs a second through nginx. The first ${firstSeconds} s after the rename that moves the traffic stand beside the steady state of the same release. That is ${steadySeconds} s after ${ripenSeconds} s of as many requests as it could answer (${sent} in all, minutes' worth of them) and a rest. Latencies by the strict client, from when a request was due; the ratio is taken within each deploy. Medians of ${rounds} interleaved rounds [quartiles].

${[0, someWrites].map((writes) => tableOf(writes, turns)).join('\n\n')}

${variants.flatMap((variant) => saidBy(variant, turns)).join('\n')}

The client used ${figure(client * 100)} % of a core at most.`;
}

function tableOf(writes: number, turns: readonly WarmTurn[]): string {
  const head = [
    '`warmup`',
    'requests',
    'lost',
    `first ${firstSeconds} s: p50, ms`,
    'p99, ms',
    'steady: p50, ms',
    'p99, ms',
    'p50, ratio',
    'p99, ratio',
    ...(writes > 0 ? ['POST: p50, ratio', 'p99, ratio'] : []),
    'warm-up, s',
    'deploy, s',
  ];
  const rows = variants
    .filter((variant) => variant.writes === writes)
    .map((variant) => row(variant, turnsOf(variant, turns)));
  const title =
    writes === 0
      ? 'GETs alone:'
      : `The same with ${writes} POSTs a second beside them, which no warm-up sends. Latencies are of GETs:`;
  return `${title}\n\n${table(head, rows)}`;
}

function turnsOf(variant: Variant, turns: readonly WarmTurn[]): readonly WarmTurn[] {
  return turns.filter((turn) => turn.variant === variant);
}

function row({ name }: Variant, turns: readonly WarmTurn[]): readonly string[] {
  const each = (of: (turn: WarmTurn) => number): string => spreadText(turns.map(of));
  const ratios = (of: (turn: WarmTurn) => Compared | undefined): readonly string[] =>
    (['p50', 'p99'] as const).flatMap((point) => {
      const all = turns.flatMap((turn) => of(turn) ?? []);
      return all.length > 0 ? spreadText(all.map(({ first, steady }) => first[point] / steady[point])) : [];
    });
  return [
    name,
    turns.reduce((sum, { sent }) => sum + sent, 0).toLocaleString('en'),
    `**${turns.reduce((sum, { lost }) => sum + lost, 0)}**`,
    each(({ reads }) => reads.first.p50),
    each(({ reads }) => reads.first.p99),
    each(({ reads }) => reads.steady.p50),
    each(({ reads }) => reads.steady.p99),
    ...ratios(({ reads }) => reads),
    ...ratios(({ writes }) => writes),
    turns.some(({ said }) => said) ? each(({ said }) => (said?.took ?? Number.NaN) / 1000) : '-',
    each(({ took }) => took / 1000),
  ];
}

function saidBy(variant: Variant, turns: readonly WarmTurn[]): readonly string[] {
  const said = turnsOf(variant, turns).flatMap((turn) => turn.said ?? []);
  const when = variant.writes > 0 ? ', with POSTs,' : '';
  return said.length === 0 ? [] : [`- \`${variant.name}\`${when} said: ${said.map(({ text }) => text).join(' · ')}`];
}
