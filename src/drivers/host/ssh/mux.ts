import { connect } from 'node:net';

/*
 * What `ssh -O forward` says to a shared connection, without a program for it: to start one costs more than all
 * the rest of a look at a server. OpenSSH's PROTOCOL.mux, version 4: numbers of 32 bits, each message and
 * each text after its length.
 */
const version = 4;
const messages = { hello: 1, openForward: 0x1000_0006, ok: 0x8000_0001 };
const local = 1;
/** In place of a port: the listener is a socket file. */
const socketFile = 0xffff_fffe;
const request = 1;
const patience = 5000;

export interface Forward {
  /** Socket file to be made here. */
  file: string;
  /** Where the server leads what comes there. */
  host: string;
  port: number;
}

/** False: it was not done, for whatever reason. */
export function forwardByMux(control: string, { file, host, port }: Forward): Promise<boolean> {
  return new Promise((resolve) => {
    const link = connect(control);
    const end = (done: boolean) => {
      link.destroy();
      resolve(done);
    };
    let heard = Buffer.alloc(0);
    link.setTimeout(patience, () => end(false));
    link.on('error', () => end(false)).on('close', () => end(false));
    link.on('data', (part: Buffer) => {
      heard = Buffer.concat([heard, part]);
      const [greeting, answer] = messagesIn(heard);
      if (greeting && !isNumbers(greeting, messages.hello, version)) end(false);
      if (answer) end(isNumbers(answer, messages.ok, request));
    });
    link.write(message(number(messages.hello), number(version)));
    const listener = [text(file), number(socketFile)];
    link.write(
      message(number(messages.openForward), number(request), number(local), ...listener, text(host), number(port)),
    );
  });
}

function messagesIn(heard: Buffer): readonly Buffer[] {
  if (heard.length < 4) return [];
  const end = 4 + heard.readUInt32BE();
  return heard.length < end ? [] : [heard.subarray(4, end), ...messagesIn(heard.subarray(end))];
}

function isNumbers(heard: Buffer, ...expected: readonly number[]): boolean {
  return heard.subarray(0, expected.length * 4).equals(Buffer.concat(expected.map(number)));
}

function message(...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([number(body.length), body]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([number(bytes.length), bytes]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
