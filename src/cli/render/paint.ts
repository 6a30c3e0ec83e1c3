/** Colours where a person looks, plain text elsewhere (https://no-color.org). */
export interface Paint {
  readonly live: boolean;
  green(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  blue(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

export function paintFor(stream: { isTTY?: boolean }): Paint {
  const { NO_COLOR, FORCE_COLOR, TERM, CI } = process.env;
  const terminal = stream.isTTY === true && TERM !== 'dumb';
  const coloured = FORCE_COLOR ? FORCE_COLOR !== '0' : terminal && !NO_COLOR;
  const wrap = (open: number, close: number) => (text: string) =>
    coloured ? `\u001B[${open}m${text}\u001B[${close}m` : text;
  return {
    live: terminal && !CI,
    green: wrap(32, 39),
    red: wrap(31, 39),
    yellow: wrap(33, 39),
    blue: wrap(34, 39),
    dim: wrap(2, 22),
    bold: wrap(1, 22),
  };
}
