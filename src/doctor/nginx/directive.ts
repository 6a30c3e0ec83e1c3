/** One directive of nginx's configuration. A block's directives are in `inside`, an include's in its place. */
export interface Directive {
  name: string;
  words: readonly string[];
  inside: readonly Directive[];
  file: string;
  line: number;
}

interface Token {
  text: string;
  line: number;
  /** Punctuation, unlike the same character in quotes. */
  mark: boolean;
}

/** Reads one file's text. What is torn or foreign is read as far as it makes sense: `nginx -t` judges it. */
export function parseDirectives(text: string, file: string): readonly Directive[] {
  const tokens = tokensOf(text);
  let at = 0;
  const block = (): readonly Directive[] => {
    const found: Directive[] = [];
    let words: Token[] = [];
    for (let token = tokens[at++]; token; token = tokens[at++]) {
      if (!token.mark) words.push(token);
      else if (token.text === '}') break;
      else {
        const inside = token.text === '{' ? block() : [];
        const [first, ...rest] = words;
        if (first)
          found.push({ name: first.text, words: rest.map((word) => word.text), inside, file, line: first.line });
        words = [];
      }
    }
    return found;
  };
  return block();
}

const shape = /\s+|#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{};]|(?:\$\{[^}\s]*\}|\\.|[^\s{};\\])+/gs;

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (const [part] of text.matchAll(shape)) {
    const begins = line;
    line += part.split('\n').length - 1;
    if (/^[\s#]/.test(part)) continue;
    const quoted = /^["']/.test(part);
    tokens.push({ text: quoted ? part.slice(1, -1) : part, line: begins, mark: !quoted && /^[{};]$/.test(part) });
  }
  return tokens;
}

/** Every directive with the blocks around it, outermost first. */
export function walk(
  tree: readonly Directive[],
  above: readonly Directive[] = [],
): readonly { directive: Directive; above: readonly Directive[] }[] {
  return tree.flatMap((directive) => [{ directive, above }, ...walk(directive.inside, [...above, directive])]);
}

/** `file:line`, for people. */
export function placeOf({ file, line }: Directive): string {
  return `${file}:${line}`;
}
