import type { HistoryEntry } from '../../core/history.ts';
import { humanDuration } from '../../lib/duration.ts';
import type { Paint } from './paint.ts';
import { table } from './table.ts';

/** Newest last, where the eye is. */
export function historyText(entries: readonly HistoryEntry[], paint: Paint): string {
  if (entries.length === 0) return 'Nothing has been deployed yet.\n';
  const rows = entries.map((entry) => row(entry, paint));
  return `${table(['#', 'when', 'what', 'release', 'by', 'took', 'how it ended', 'requests', 'lost', 'message'], rows, paint)}\n`;
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
    entry.message ?? '',
  ];
}
