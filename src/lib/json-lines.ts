/** One value a line. Empty lines, and lines that a power failure tore, are left out. */
export function parseLines<T>(text: string): readonly T[] {
  return text.split('\n').flatMap((line) => parsed<T>(line));
}

function parsed<T>(line: string): readonly T[] {
  if (line === '') return [];
  try {
    return [JSON.parse(line) as T];
  } catch {
    return [];
  }
}
