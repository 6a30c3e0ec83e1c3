import path from 'node:path';
import { shellQuote } from '../../../lib/quote.ts';
import type { Content, ReadOptions, RunOptions, WriteOptions } from '../../../ports.ts';

/*
 * What a remote shell is told, as POSIX shell. Every value is one quoted word; nothing else of it
 * reaches the shell. Each script leaves its exit code in `$?`.
 */

export function commandScript(
  argv: readonly string[],
  { cwd, env, input }: Pick<RunOptions, 'cwd' | 'env' | 'input'> = {},
): string {
  const words = argv.map(shellQuote).join(' ');
  const variables = Object.entries(env ?? {}).map(([name, value]) => `${variable(name)}=${shellQuote(value)}`);
  const before = [
    ...(cwd === undefined ? [] : [`cd ${shellQuote(cwd)} || exit 127`]),
    ...(variables.length > 0 ? [`export ${variables.join(' ')}`] : []),
  ];
  const command = `( ${[...before, `exec ${words}`].join('; ')} )`;
  return input === undefined ? `${command} < /dev/null` : `printf %s ${shellQuote(input)} | ${command}`;
}

/** Nothing is at the path. */
export const missing = 44;

/** For every shell. The system's search path is longer than that of an ordinary user's session. */
export const surroundings = `LC_ALL=C; export LC_ALL
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin; export PATH
nothing_there() { return ${missing}; }`;

/** `cat` tells why it fails, but not so that a program can tell "not there" from "may not". */
export function readScript(file: string, { link, look, every }: ReadOptions): string {
  if (every) return `for file in ${everyWord(file)}; do [ ! -e "$file" ] || cat -- "$file" < /dev/null || break; done`;
  const at = shellQuote(file);
  const folder = shellQuote(path.dirname(file));
  const show = look ? `stat -c '%u %a %F' -- ${at}` : link ? `readlink -n -- ${at}` : `cat -- ${at}`;
  const there = `[ -e ${at} ]${link || look ? ` || [ -L ${at} ]` : ''}`;
  const asked = `${there} || { [ -d ${folder} ] && [ ! -x ${folder} ]; }`;
  return `if ${asked}; then ${show} < /dev/null || ( ${asked} || exit ${missing}; exit 1 ); else nothing_there; fi`;
}

/**
 * First a line with a digit for each file, and a comma after all of one path: whether it is there, as far as anybody
 * may see. Then twice the environment of the very `tail` that prints, which nobody can foresee as it holds the mark,
 * and once more after the text of each file that is there. `cat` would send each text by itself, and each would
 * wake both ends of the connection.
 */
export function readAllScript(texts: readonly Text[], mark: string): string {
  const words = texts.map(({ file, every }) => (every ? everyWord(file) : shellQuote(file)));
  const end = '/proc/self/environ';
  return showAllScript(words, '[ -e "$file" ]', `${end} ${end}`, `"$file" ${end}`, `END=${mark} exec tail -q -c +1`);
}

export interface Text {
  readonly file: string;
  readonly every: boolean;
}

/** The same with what each link names, a line each. */
export function readLinksScript(files: readonly string[]): string {
  return showAllScript(files.map(shellQuote), '[ -e "$file" ] || [ -L "$file" ]', '', '"$file"', 'exec readlink');
}

/** Only the `*` is the shell's. */
function everyWord(pattern: string): string {
  return pattern.split('*').map(shellQuote).join('*');
}

function showAllScript(words: readonly string[], there: string, first: string, each: string, program: string): string {
  return `( set -- ${first}; there=
for file in ${words.map((word) => `${word} ,`).join(' ')}; do
  if [ "$file" = , ]; then there="$there,"
  elif ${there} || { [ -d "\${file%/*}" ] && [ ! -x "\${file%/*}" ]; }
  then there="\${there}1"; set -- "$@" ${each}
  else there="\${there}0"; fi
done
echo "$there"
[ $# = 0 ] || ${program} -- "$@" ) < /dev/null`;
}

/** A name of its own beside the file, then one rename; both are on disk before it returns. */
export function writeScript(file: string, content: Content, options: WriteOptions, pid: number): string {
  const [at, folder] = [shellQuote(file), shellQuote(path.dirname(file))];
  if (typeof content !== 'string' && 'move' in content)
    return `mv -fT -- ${shellQuote(content.move)} ${at} && sync -- ${folder}`;
  if (options.append && typeof content === 'string') return appendScript(at, content, modeOf(options));
  const temporary = shellQuote(`${file}.${pid}.tmp`);
  const make =
    typeof content === 'string'
      ? `printf %s ${shellQuote(content)} > ${temporary} && chmod ${modeOf(options)} -- ${temporary} && sync -- ${temporary}`
      : `ln -s -- ${shellQuote(content.link)} ${temporary}`;
  const work = `${make} && mv -fT -- ${temporary} ${at} && sync -- ${folder}`;
  return `( umask 077; rm -f -- ${temporary}; set -C; ${work} || { rm -f -- ${temporary}; exit 1; } )`;
}

function appendScript(at: string, content: string, mode: string): string {
  const make = `[ -e ${at} ] || { umask 077; : >> ${at} && chmod ${mode} -- ${at}; }`;
  return `( { ${make}; } && printf %s ${shellQuote(content)} >> ${at} && sync -d -- ${at} )`;
}

function modeOf({ mode = 0o644 }: WriteOptions): string {
  return mode.toString(8);
}

function variable(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new RangeError(`not a variable name: ${name}`);
}
