/** One word of a POSIX shell, whatever is in it. NUL cannot be said in a shell and is refused. */
export function shellQuote(text: string): string {
  if (text.includes('\0')) throw new RangeError('a NUL character cannot be passed to a program');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * One `NAME="value"` line that both a POSIX shell and systemd's EnvironmentFile= read alike:
 * in double quotes, both take a backslash before `"`, `\`, `` ` `` and `$`, and nothing else.
 */
export function environmentLine(name: string, value: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new RangeError(`not a variable name: ${name}`);
  if (value.includes('\0')) throw new RangeError(`${name} holds a NUL character`);
  return `${name}="${value.replaceAll(/["\\`$]/g, String.raw`\$&`)}"\n`;
}
