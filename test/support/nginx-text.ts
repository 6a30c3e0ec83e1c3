/** The names of a configuration's directives in order, blocks in brackets: all of its structure, none of its values. */
export function structureOf(text: string): string {
  const out: string[] = [];
  let words: string[] = [];
  for (const token of tokens(text)) {
    if (token === ';' || token === '{') out.push(`${words[0] ?? '?'}/${words.length}${token}`);
    else if (token === '}') out.push(words.length === 0 ? '}' : `${words.join(' ')} is cut off by }`);
    else {
      words.push(token);
      continue;
    }
    words = [];
  }
  return [...out, ...words].join('\n');
}

/** As nginx splits it (ngx_conf_read_token): quotes, a backslash before anything, comments, `${` within a word. */
function tokens(text: string): readonly string[] {
  const word = /"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|(?:\\[^]|\$\{|[^\s;{}\\])+/y;
  const found: string[] = [];
  for (let at = 0; at < text.length;) {
    const character = text[at] ?? '';
    word.lastIndex = at;
    if (character === '#') at = (text.indexOf('\n', at) + 1 || text.length + 1) - 1;
    else if (/\s/.test(character)) at += 1;
    else if (';{}'.includes(character)) {
      found.push(character);
      at += 1;
    } else {
      const token = word.exec(text)?.[0] ?? character;
      found.push(token);
      at += token.length;
    }
  }
  return found;
}
