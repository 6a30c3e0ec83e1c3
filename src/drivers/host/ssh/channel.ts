import { Duplex, Readable } from 'node:stream';
import { number, text } from './mux-wire.ts';

/** Messages of SSH's connection protocol (RFC 4254, 9). */
export const kinds = {
  open: 90,
  opened: 91,
  window: 93,
  data: 94,
  errors: 95,
  eof: 96,
  close: 97,
  request: 98,
  failed: 100,
};

export interface Channel {
  /** To the server, and from it. */
  readonly stream: Duplex;
  readonly errors: Readable;
  /** Exit code of the command that ran; undefined: there was none, or the connection is lost. */
  readonly closed: Promise<number | undefined>;
  ask(request: string, ...details: readonly Buffer[]): void;
}

/** A message for this channel; undefined: there are no more. */
export type Hears = (message: Buffer | undefined) => void;

/** Bytes that may be sent without being asked for more, in one message; and that we allow the server. */
interface Allowance {
  window: number;
  readonly packet: number;
  readonly ours: number;
}

type Send = (kind: number, ...parts: readonly Buffer[]) => void;

/** An agent of http asks this of each socket that it keeps. */
const socketManners = { setKeepAlive() {}, setTimeout() {}, ref() {}, unref() {} };

export function channelOn(send: Send, allowance: Allowance, forget: () => void): Channel & { hears: Hears } {
  const outgoing = outgoingBy(send, allowance);
  const errors = new Readable({ read() {} });
  let open = true;
  let [taken, code]: [number, number | undefined] = [0, undefined];
  let resolveClosed: (code: number | undefined) => void;
  const closed = new Promise<number | undefined>((resolve) => (resolveClosed = resolve));

  const close = (): void => {
    if (open) send(kinds.close);
    open = false;
  };
  const stream = new Duplex({
    read() {},
    write: (bytes: Buffer, _, done) => outgoing.write(bytes, done),
    final(done) {
      if (open) send(kinds.eof);
      done();
    },
    destroy(error, done) {
      close();
      done(error);
    },
  });

  function take(to: Readable, bytes: Buffer): void {
    to.push(bytes);
    taken += bytes.length;
    if (taken < allowance.ours / 2) return;
    send(kinds.window, number(taken));
    taken = 0;
  }

  function noMore(): void {
    errors.push(null);
    stream.push(null);
  }

  /** What has come can still be read. */
  function isClosed(): void {
    close();
    forget();
    noMore();
    outgoing.giveUp();
    stream.end();
    resolveClosed(code);
  }

  function hears(message: Buffer | undefined): void {
    const kind = message?.[1];
    if (!message || kind === kinds.close) return isClosed();
    if (kind === kinds.window) outgoing.allow(numberIn(message, 1));
    if (kind === kinds.data) take(stream, message.subarray(10));
    if (kind === kinds.errors) take(errors, message.subarray(14));
    if (kind === kinds.eof) noMore();
    if (kind === kinds.request) code = exitCodeIn(message) ?? code;
    if (kind === kinds.failed) close();
  }

  const ask = (request: string, ...details: readonly Buffer[]) =>
    send(kinds.request, text(request), Buffer.of(1), ...details);
  return { stream: Object.assign(stream, socketManners), errors, closed, ask, hears };
}

interface Outgoing {
  write(bytes: Buffer, done: () => void): void;
  allow(more: number): void;
  giveUp(): void;
}

/** Sends no more than the server allows, and the rest when it allows more. */
function outgoingBy(send: Send, allowance: Allowance): Outgoing {
  let rest: Buffer = Buffer.alloc(0);
  let sent: (() => void) | undefined;
  const done = (): void => {
    const tell = sent;
    sent = undefined;
    tell?.();
  };
  const go = (): void => {
    while (rest.length > 0 && allowance.window > 0) {
      const part = rest.subarray(0, Math.min(allowance.window, allowance.packet));
      send(kinds.data, text(part));
      allowance.window -= part.length;
      rest = rest.subarray(part.length);
    }
    if (rest.length === 0) done();
  };
  return {
    write(bytes, tell) {
      [rest, sent] = [bytes, tell];
      go();
    },
    allow(more) {
      allowance.window += more;
      go();
    },
    giveUp: done,
  };
}

/** `exit-status` is after the number of the channel, and after it a byte that asks for no answer. */
function exitCodeIn(message: Buffer): number | undefined {
  const word = text('exit-status');
  return message.subarray(6, 6 + word.length).equals(word) ? message.readUInt32BE(6 + word.length + 1) : undefined;
}

/** The numbers that follow the kind, from 0: the first is our number of the channel. */
export function numberIn(message: Buffer, at: number): number {
  return message.readUInt32BE(2 + at * 4);
}
