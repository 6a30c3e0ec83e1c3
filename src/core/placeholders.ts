import { shellQuote } from '../lib/quote.ts';

type Values = Readonly<Record<string, string>>;

/** `{port}` and the like, filled in. A name that is not given stays as it is. */
export function filled(text: string, values: Values): string {
  return text.replaceAll(/\{([a-z]+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** A configured command as an argument list; for a shell line, each value becomes one quoted word. */
export function filledCommand(
  { argv, shell }: { readonly argv: readonly string[]; readonly shell: boolean },
  values: Values,
): readonly string[] {
  if (!shell) return argv.map((word) => filled(word, values));
  const quoted = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, shellQuote(value)]));
  return ['sh', '-c', ...argv.map((line) => filled(line, quoted))];
}
