import { spread } from './stats.ts';

/** A table that reads the same on a terminal and in Markdown. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, i) => (cells[i] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(line)].join('\n');
}

/** Three significant digits or so: enough for what is measured here. */
export function figure(number: number): string {
  if (!Number.isFinite(number)) return '-';
  return number >= 100 ? Math.round(number).toLocaleString('en') : number.toFixed(number >= 10 ? 1 : 2);
}

/** Median and quartiles. */
export function spreadText(numbers: readonly number[]): string {
  const { median, low, high } = spread(numbers);
  return `${figure(median)} [${figure(low)}, ${figure(high)}]`;
}
