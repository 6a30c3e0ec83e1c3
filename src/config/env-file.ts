import { Failure } from '../core/failure.ts';
import { readPrivate } from './private-file.ts';

/** Reads the secrets of `env_file`. No message ever holds a value. */
export async function readEnvFile(file: string): Promise<Record<string, string>> {
  const refuse = {
    unreadable: (why: string) => unreadable(file, why),
    open: (mode: number) => tooOpen(file, mode),
  };
  return parseEnvFile(file, await readPrivate(file, refuse));
}

function unreadable(file: string, why: string): Failure {
  return new Failure({
    code: 'ENV_FILE_UNREADABLE',
    what: `env_file ${file} cannot be read`,
    why,
    fix: 'see env_file in cutover.yaml',
    exit: 3,
  });
}

function tooOpen(file: string, mode: number): Failure {
  return new Failure({
    code: 'ENV_FILE_OPEN',
    what: `others can read the secrets in ${file}`,
    why: `its mode is ${(mode & 0o777).toString(8).padStart(4, '0')}`,
    fix: `chmod 600 ${file}`,
    exit: 3,
  });
}

/** One `NAME=value`: after the name a value in quotes, which may span lines, or plain up to ` #`. */
const entry =
  /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(?:'([^']*)'|"((?:[^"\\]|\\[^])*)"|([^'"\n][^\n]*|))[ \t]*(?:#[^\n]*)?$/my;

/** Parses the text of a dotenv file. */
export function parseEnvFile(file: string, content: string): Record<string, string> {
  const text = content.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  const values = new Map<string, string>();
  const wrong: string[] = [];
  for (let at = 0, line = 1; at < text.length;) {
    const { length, said, name, value } = readEntry(text, at);
    if (said !== undefined) wrong.push(`${file}:${line} ${said}`);
    if (name !== undefined) values.set(name, value);
    line += text.slice(at, at + length + 1).split('\n').length - 1;
    at += length + 1;
  }
  if (wrong.length === 0) return Object.fromEntries(values);
  throw new Failure({
    code: 'ENV_FILE_INVALID',
    what: `env_file has ${wrong.length === 1 ? '1 mistake' : `${wrong.length} mistakes`}`,
    why: wrong.join('\n'),
    fix: 'write NAME=value on each line',
    exit: 3,
  });
}

interface Entry {
  readonly length: number;
  readonly said?: string;
  readonly name?: string;
  readonly value: string;
}

function readEntry(text: string, at: number): Entry {
  const end = text.indexOf('\n', at);
  const line = text.slice(at, end === -1 ? undefined : end);
  if (/^\s*(#|$)/.test(line)) return { length: line.length, value: '' };
  entry.lastIndex = at;
  const match = entry.exec(text);
  if (match === null) return { length: line.length, said: whatIsWrong(line), value: '' };
  const [whole, name = '', single, double, plain] = match;
  const value = single ?? (double === undefined ? unquoted(plain ?? '') : unescaped(double));
  if (value.includes('\0')) return { length: whole.length, said: `${name} holds a NUL character`, value: '' };
  return { length: whole.length, name, value };
}

function unquoted(plain: string): string {
  return plain.replace(/(^|\s)#.*$/, '').trim();
}

function unescaped(quoted: string): string {
  const plain: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return quoted.replaceAll(
    /\\([^])/g,
    (whole, letter: string) => plain[letter] ?? ('"\\$'.includes(letter) ? letter : whole),
  );
}

/** Says what is wrong without showing anything that could be a secret. */
function whatIsWrong(line: string): string {
  const name = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/.exec(line)?.[1];
  if (name !== undefined) return `${name}: a quote is not closed, or something follows it`;
  return line.includes('=') ? 'the name before "=" must be letters, digits and "_"' : 'there is no "="';
}
