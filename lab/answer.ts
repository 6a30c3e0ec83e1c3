/** One complete HTTP/1.1 answer, read from raw bytes. */
export interface Answer {
  readonly status: number;
  /** Status line and headers as received. */
  readonly head: string;
  readonly body: Buffer;
  /** The server announced that it closes the connection after this answer. */
  readonly close: boolean;
}

/** What the bytes mean so far: an answer and how many bytes it took, nothing yet, or not HTTP. */
export type Reading = { answer: Answer; used: number } | 'incomplete' | 'malformed';

/** Reads the first answer in `bytes`. Interim answers (1xx) are skipped. */
export function readAnswer(bytes: Buffer): Reading {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return bytes.length > 65_536 ? 'malformed' : 'incomplete';
  const head = bytes.toString('latin1', 0, end);
  if (!head.startsWith('HTTP/1.1 ')) return 'malformed';
  const status = Number(head.slice(9, 12));
  const start = end + 4;
  if (status >= 100 && status < 200) return afterInterim(bytes, start);
  const framed = readBody(bytes, start, status, head);
  if (typeof framed === 'string') return framed;
  const close = /\r\nconnection: *close/i.test(head);
  return { answer: { status, head, body: framed.body, close }, used: framed.used };
}

/** Value of a header, or undefined. */
export function headerOf(head: string, name: string): string | undefined {
  const lower = `\r\n${name.toLowerCase()}:`;
  const at = head.toLowerCase().indexOf(lower);
  if (at < 0) return undefined;
  const from = at + lower.length;
  const end = head.indexOf('\r\n', from);
  return head.slice(from, end < 0 ? undefined : end).trim();
}

interface Framed {
  readonly body: Buffer;
  readonly used: number;
}

function afterInterim(bytes: Buffer, start: number): Reading {
  const next = readAnswer(bytes.subarray(start));
  return typeof next === 'string' ? next : { answer: next.answer, used: next.used + start };
}

function readBody(bytes: Buffer, start: number, status: number, head: string): Framed | 'incomplete' | 'malformed' {
  if (status === 204 || status === 304) return { body: nothing, used: start };
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length === undefined) {
    // A body that ends with the connection cannot be told from one that was cut.
    return /\r\ntransfer-encoding: *chunked/i.test(head) ? readChunks(bytes, start) : 'malformed';
  }
  const used = start + Number(length);
  return used > bytes.length ? 'incomplete' : { body: bytes.subarray(start, used), used };
}

function readChunks(bytes: Buffer, start: number): Framed | 'incomplete' | 'malformed' {
  const parts: Buffer[] = [];
  let at = start;
  for (;;) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return 'incomplete';
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16);
    if (Number.isNaN(size)) return 'malformed';
    const next = line + 2 + size + 2;
    if (next > bytes.length) return 'incomplete';
    if (bytes[next - 2] !== 13 || bytes[next - 1] !== 10) return 'malformed';
    if (size === 0) return { body: parts.length === 1 ? (parts[0] ?? nothing) : Buffer.concat(parts), used: next };
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = next;
  }
}

const nothing = Buffer.alloc(0);
