export interface Requests {
  /** One for each whole request: its body, or undefined if it has none. */
  readonly bodies: readonly (string | undefined)[];
  /** Bytes of `all` that they took. */
  readonly used: number;
  readonly all: Buffer;
}

/** Reads the whole HTTP/1.1 requests at the start of `all`, with a length or in chunks. */
export function readRequests(all: Buffer): Requests {
  const text = all.toString('latin1');
  const bodies: (string | undefined)[] = [];
  let used = 0;
  for (;;) {
    const head = text.indexOf('\r\n\r\n', used);
    if (head < 0) return { bodies, used, all };
    const read = readBody(text, text.slice(used, head), head + 4);
    if (!read) return { bodies, used, all };
    bodies.push(read.body);
    used = read.end;
  }
}

interface Body {
  readonly body: string | undefined;
  readonly end: number;
}

function readBody(text: string, head: string, start: number): Body | undefined {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const end = start + Number(length);
    return end > text.length ? undefined : { body: text.slice(start, end), end };
  }
  return /\r\ntransfer-encoding: *chunked/i.test(head) ? readChunks(text, start) : { body: undefined, end: start };
}

function readChunks(text: string, start: number): Body | undefined {
  let body = '';
  for (let at = start; ;) {
    const line = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, line), 16);
    const end = line + 2 + size + 2;
    if (line < 0 || Number.isNaN(size) || end > text.length) return undefined;
    if (size === 0) return { body, end };
    body += text.slice(line + 2, end - 2);
    at = end;
  }
}
