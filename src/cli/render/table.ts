import { stripVTControlCharacters } from 'node:util';
import type { Paint } from './paint.ts';

/** Columns that line up, whatever their colours. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], paint: Paint): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => visible(row[column] ?? ''))));
  const lines = all.map((row, index) => {
    const cells = row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - visible(cell)));
    const line = cells.join('  ').trimEnd();
    return index === 0 ? paint.dim(line) : line;
  });
  return lines.join('\n');
}

function visible(text: string): number {
  return stripVTControlCharacters(text).length;
}
