/** The candidate that somebody who typed `word` most likely meant, or undefined when none is near. */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  const typed = plain(word);
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: distance(typed, plain(candidate)) }))
    .toSorted((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (best === undefined) return undefined;
  const allowed = Math.min(3, Math.max(1, Math.floor(Math.max(typed.length, best.candidate.length) / 2.5)));
  return best.distance <= allowed ? best.candidate : undefined;
}

function plain(word: string): string {
  return word.slice(0, 60).toLowerCase().replaceAll(/[-_ ]/g, '');
}

/** Edits between two words; two letters that changed places count as one. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? cell(before, j - 2) + 1 : Infinity;
      const change = cell(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(change, swap, cell(last, j) + 1, cell(row, j - 1) + 1));
    }
    [before, last] = [last, row];
  }
  return cell(last, b.length);
}

function cell(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
