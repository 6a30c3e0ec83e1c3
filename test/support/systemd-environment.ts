/**
 * Reads `NAME="value"` lines as systemd reads an EnvironmentFile= (parse_env_file in its
 * src/basic/env-file.c; systemd.exec(5)): inside double quotes a backslash before `"`, `\`, `` ` ``
 * or `$` stands for that character, before a line break it joins the lines, else it stays.
 */
export function readEnvironment(text: string): readonly (readonly [string, string])[] {
  const found: [string, string][] = [];
  let at = 0;
  while (at < text.length) {
    const equals = text.indexOf('="', at);
    if (equals === -1) throw new Error(`no NAME=" at ${at}`);
    const { value, end } = quoted(text, equals + 2);
    found.push([text.slice(at, equals), value]);
    if (text[end] !== '\n') throw new Error(`no line break at ${end}`);
    at = end + 1;
  }
  return found;
}

function quoted(text: string, start: number): { value: string; end: number } {
  let value = '';
  for (let at = start; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '"') return { value, end: at + 1 };
    if (character !== '\\') value += character;
    else {
      const next = text[(at += 1)] ?? '';
      value += '"\\`$'.includes(next) ? next : next === '\n' ? '' : `\\${next}`;
    }
  }
  throw new Error('the quotes do not end');
}
