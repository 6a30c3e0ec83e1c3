import type { HistoryEntry } from '../../core/history.ts';
import { humanDuration } from '../../lib/duration.ts';
import type { Paint } from './paint.ts';
import { table } from './table.ts';

const head = ['#', 'when (UTC)', 'what', 'release', 'by', 'took', 'how it ended', 'requests', 'lost', 'message'];

/** Newest last, where the eye is. */
export function historyText(entries: readonly HistoryEntry[], paint: Paint): string {
  if (entries.length === 0) return 'Nothing has been deployed yet.\n';
  const lines = table(
    head,
    entries.map((entry) => row(entry, paint)),
    paint,
  ).split('\n');
  const detailed = entries.flatMap((entry, index) => [lines[index + 1] ?? '', `   ${paint.dim(stepsText(entry))}`]);
  return [lines[0] ?? '', ...detailed, ''].join('\n');
}

function stepsText({ steps, failovers, proof }: HistoryEntry): string {
  const parts = steps.map(({ step, took }) => `${step} ${took === null ? '…' : humanDuration(took)}`);
  if (proof) parts.push(`proved with ${proof.sent} requests, ${proof.lost} lost`);
  if (failovers) parts.push(`before it the standby answered ${failovers.requests} requests in ${failovers.seconds} s`);
  return parts.join(' · ');
}

function row(entry: HistoryEntry, paint: Paint): readonly string[] {
  const ended = entry.failure && entry.outcome !== 'done' ? `${entry.outcome}: ${entry.failure.code}` : entry.outcome;
  const colour = entry.outcome === 'done' ? paint.green : entry.outcome === 'put-back' ? paint.yellow : paint.red;
  const move = [entry.from?.release ?? '-', entry.to?.release ?? '-'].join(' → ');
  return [
    entry.deployment,
    entry.at.replace('T', ' ').slice(0, 19),
    entry.command,
    entry.to ? move : '-',
    entry.by,
    entry.took === null ? '-' : humanDuration(entry.took),
    colour(ended),
    entry.requests === null ? '-' : entry.requests.toLocaleString('en'),
    entry.lost === null ? '-' : String(entry.lost),
    (entry.message ?? '').replaceAll(/\p{Cc}/gu, ' '),
  ];
}
