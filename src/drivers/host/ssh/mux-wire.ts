import { connect, type Socket } from 'node:net';

/*
 * How programs talk to a shared connection of OpenSSH (its PROTOCOL.mux, version 4): numbers of 32 bits, each
 * message and each text after its length.
 */
const version = 4;
const hello = 1;
/** ms without an answer after which it is given up. */
const patience = 5000;

export interface Wire {
  send(...parts: readonly Buffer[]): void;
  /** The next message, without its length; undefined once there are no more, or when none comes in time. */
  next(): Promise<Buffer | undefined>;
  /** From now on silence is no failure. */
  waitForever(): void;
  over(): boolean;
  close(): void;
}

/** Greets, and asks for one thing; undefined: nobody is there, or they speak another version. */
export async function wireTo(control: string, ...wanted: readonly Buffer[]): Promise<Wire | undefined> {
  const wire = framed(connect(control));
  wire.send(number(hello), number(version));
  wire.send(...wanted);
  const greeting = await wire.next();
  if (greeting && isNumbers(greeting, hello, version)) return wire;
  wire.close();
  return undefined;
}

function framed(link: Socket): Wire {
  const heard: Buffer[] = [];
  let rest = Buffer.alloc(0);
  let over = false;
  let wake = () => {};
  const end = () => {
    over = true;
    link.destroy();
    wake();
  };
  link.setTimeout(patience, end);
  link.on('error', end).on('close', end);
  link.on('data', (part: Buffer) => {
    const { messages, left } = messagesIn(Buffer.concat([rest, part]));
    rest = left;
    heard.push(...messages);
    wake();
  });
  return {
    send(...parts) {
      if (over) return;
      // What is said in one go wakes the other side once.
      if (link.writableCorked === 0) {
        link.cork();
        process.nextTick(() => link.uncork());
      }
      link.write(message(parts));
    },
    async next() {
      while (heard.length === 0 && !over) await new Promise<void>((resolve) => (wake = resolve));
      return heard.shift();
    },
    waitForever: () => void link.setTimeout(0),
    over: () => over,
    close: end,
  };
}

function messagesIn(bytes: Buffer): { messages: readonly Buffer[]; left: Buffer<ArrayBuffer> } {
  const messages: Buffer[] = [];
  let at = 0;
  while (bytes.length >= at + 4) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (bytes.length < end) break;
    messages.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return { messages, left: Buffer.from(bytes.subarray(at)) };
}

function message(parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([number(body.length), body]);
}

export function isNumbers(heard: Buffer, ...expected: readonly number[]): boolean {
  return heard.subarray(0, expected.length * 4).equals(Buffer.concat(expected.map(number)));
}

export function text(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length), bytes]);
}

export function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
