import { paintFor } from '../src/cli/render/paint.ts';

export const paint = paintFor(process.stdout);

export function title(text: string): void {
  console.log(`\n${paint.bold(text)}\n`);
}

export function say(text: string): void {
  console.log(text);
}

/** A line as it would be typed. */
export function typed(words: readonly string[]): void {
  const shown = words.map((word) => (/^[\w./:=-]+$/.test(word) ? word : `"${word}"`)).join(' ');
  console.log(`\n${paint.dim('$')} ${paint.bold(shown)}`);
}
