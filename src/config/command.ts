import { suggest } from './suggest.ts';

/** What cutover fills in when it runs a command of the configuration. Some commands know fewer. */
export const placeholders: readonly string[] = ['artifact', 'port', 'slot', 'release', 'server'];

/** A mistake in a command; `word` is its place in a list, undefined in a line. */
export interface CommandMistake {
  readonly word: number | undefined;
  readonly message: string;
}

export interface Command {
  readonly argv: readonly string[];
  readonly shell: boolean;
}

/** Turns a line or a list into an argument list, or says everything that is wrong with it. */
export function readCommand(
  written: string | readonly string[],
  shell: boolean,
  known = placeholders,
): Command | CommandMistake[] {
  const words = shell ? shellWords(written) : typeof written === 'string' ? splitLine(written) : written;
  if ('message' in words) return [{ word: undefined, message: words.message }];
  const mistakes = typeof written === 'string' ? lineMistakes(words, shell, known) : wordMistakes(words, shell, known);
  return mistakes.length > 0 ? mistakes : { argv: words, shell };
}

/** Splits a line the way a shell does with quotes and backslashes, but expands nothing. */
export function splitLine(line: string): readonly string[] | { message: string } {
  const words: string[] = [];
  let word: string | undefined;
  for (const [token] of line.matchAll(/\s+|'[^']*'|"(?:[^"\\]|\\[^])*"|\\[^]|['"\\]|[^\s'"\\]+/g)) {
    if (/^\s/.test(token)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    if (token === "'" || token === '"') return { message: `the quote ${token} is never closed` };
    if (token === '\\') return { message: 'ends in a backslash that quotes nothing' };
    const wrong = shellOnly(token, word === undefined, words.length);
    if (wrong !== undefined) return { message: wrong };
    word = (word ?? '') + unquote(token);
  }
  return word === undefined ? words : [...words, word];
}

function unquote(token: string): string {
  if (token.startsWith("'")) return token.slice(1, -1);
  if (token.startsWith('"')) return token.slice(1, -1).replaceAll(/\\(["\\$`])/g, '$1');
  return token.startsWith('\\') ? token.slice(1) : token;
}

/** Somebody who writes these means a shell; without one they would reach the program as plain text. */
function shellOnly(token: string, startsWord: boolean, index: number): string | undefined {
  if (token.startsWith("'") || token.startsWith('\\')) return undefined;
  const dollar = /\$[({A-Za-z_]|`/.exec(token.replaceAll(/\\[^]/g, ''));
  if (dollar !== null)
    return `no shell reads this line, so ${JSON.stringify(dollar[0])} is not expanded: add "shell: true", or put it in single quotes`;
  if (token.startsWith('"')) return undefined;
  const operator = /[|&;<>]/.exec(token);
  if (operator !== null)
    return `no shell reads this line, so "${operator[0]}" does nothing: add "shell: true", or quote it`;
  if (startsWord && token.startsWith('~'))
    return 'no shell reads this line, so "~" is not expanded: write the whole path';
  if (startsWord && index === 0 && /^[A-Za-z_]\w*=/.test(token))
    return `set variables under "env", not in the line (${token.replace(/=.*$/s, '')})`;
  return undefined;
}

function shellWords(written: string | readonly string[]): readonly string[] | { message: string } {
  if (typeof written === 'string') return [written];
  return written.length === 1 ? written : { message: 'with "shell: true" this is one line, not a list' };
}

function lineMistakes(words: readonly string[], shell: boolean, known: readonly string[]): CommandMistake[] {
  if (words.every((word) => word.trim() === '')) return [{ word: undefined, message: 'is empty' }];
  return wordMistakes(words, shell, known).map(({ message }) => ({ word: undefined, message }));
}

function wordMistakes(words: readonly string[], shell: boolean, known: readonly string[]): CommandMistake[] {
  if (words.length === 0) return [{ word: undefined, message: 'is empty' }];
  return words.flatMap((text, word) => {
    if (word === 0 && text.trim() === '') return [{ word, message: 'names no program' }];
    if (text.includes('\0')) return [{ word, message: 'holds a NUL character' }];
    return placeholderMistakes(text, shell, known).map((message) => ({ word, message }));
  });
}

/** In a shell line `{print}` and `${HOME}` have a meaning of their own, so only a near miss is reported there. */
function placeholderMistakes(text: string, shell: boolean, known: readonly string[]): string[] {
  return [...text.matchAll(/(\$?)\{([A-Za-z_][A-Za-z0-9_-]*)\}/g)].flatMap(([, dollar = '', name = '']) => {
    if (known.includes(name)) return [];
    const near = placeholders.includes(name) ? undefined : suggest(name, known);
    if (shell && (dollar !== '' || (near === undefined && !placeholders.includes(name)))) return [];
    const all = known.map((each) => `{${each}}`).join(', ');
    return [
      `unknown placeholder "{${name}}" ${near === undefined ? `(there are ${all})` : `(did you mean "{${near}}"?)`}`,
    ];
  });
}
