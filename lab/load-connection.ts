import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Answer, readAnswer } from './answer.ts';
import { monotonic } from './clock.ts';

export interface Target {
  readonly address: string;
  readonly port: number;
  /** Server name for TLS; undefined: plain TCP. */
  readonly tls: string | undefined;
}

/** One request on its way: what was sent, and since when. */
export interface Request {
  readonly method: 'GET' | 'POST';
  readonly bytes: string;
  /** Body that must come back; undefined for GET. */
  readonly body: string | undefined;
  /** When it should have been sent, on the monotonic clock. */
  readonly due: number;
  sent: number;
}

export interface ConnectionEvents {
  answered(request: Request, answer: Answer): void;
  lost(request: Request, kind: string, detail: string): void;
  /** The server ended the connection while nothing was in flight. `announced`: by `Connection: close`. */
  closed(announced: boolean): void;
  opened(): void;
}

/** One keep-alive connection. It sends a request once: whatever becomes of it is told, nothing is tried again. */
export interface Connection {
  /** Resolves when it is open, or could not be opened. */
  open(): Promise<void>;
  readonly busy: boolean;
  /** Destroyed: it will send no more. */
  readonly ended: boolean;
  send(request: Request): void;
  /** Gives up the request in flight, if it was sent before `instant`. */
  expire(instant: number): void;
  destroy(): void;
}

export function createConnection(target: Target, events: ConnectionEvents): Connection {
  const line: Line = { target, events, socket: undefined, flight: undefined, pending: undefined, ended: false };
  return {
    get busy() {
      return line.flight !== undefined;
    },
    get ended() {
      return line.ended;
    },
    open: () => (line.socket ? Promise.resolve() : settled(dial(line), readyEvent(target))),
    send: (request) => {
      line.flight = request;
      request.sent = monotonic();
      (line.socket ?? dial(line)).write(request.bytes, 'latin1');
    },
    expire: (instant) => {
      if (line.flight && line.flight.sent < instant) lose(line, 'timeout', 'no full answer in time');
    },
    destroy: () => {
      line.flight = undefined;
      line.ended = true;
      drop(line);
    },
  };
}

interface Line {
  readonly target: Target;
  readonly events: ConnectionEvents;
  socket: Socket | undefined;
  flight: Request | undefined;
  /** Bytes of an answer that is not complete yet. */
  pending: Buffer | undefined;
  ended: boolean;
}

function dial(line: Line): Socket {
  const socket = dialTarget(line.target);
  const cut = (): string => (line.pending ? 'in the middle of the answer' : 'before the answer');
  socket.setNoDelay(true);
  socket.on('data', (chunk) => receive(line, chunk));
  socket.on('end', () => lose(line, 'eof', cut()));
  socket.on('error', (error: NodeJS.ErrnoException) => lose(line, kindOf(error), error.message));
  socket.on('close', () => lose(line, 'reset', 'closed'));
  socket.once(readyEvent(line.target), () => line.events.opened());
  line.socket = socket;
  return socket;
}

function receive(line: Line, chunk: Buffer): void {
  const bytes = line.pending ? Buffer.concat([line.pending, chunk]) : chunk;
  const reading = line.flight ? readAnswer(bytes) : 'malformed';
  if (reading === 'incomplete') line.pending = bytes;
  else if (reading === 'malformed' || reading.used < bytes.length)
    lose(line, 'malformed', bytes.toString('latin1', 0, 80));
  else finish(line, reading.answer);
}

function finish(line: Line, answer: Answer): void {
  const request = line.flight;
  line.flight = undefined;
  line.pending = undefined;
  if (answer.close) {
    drop(line);
    line.events.closed(true);
  }
  if (request) line.events.answered(request, answer);
}

function lose(line: Line, kind: string, detail: string): void {
  const request = line.flight;
  line.flight = undefined;
  drop(line);
  if (request) line.events.lost(request, kind, detail);
  else if (kind === 'eof' || kind === 'reset') line.events.closed(false);
}

function drop(line: Line): void {
  line.socket?.removeAllListeners().on('error', ignore).destroy();
  line.socket = undefined;
  line.pending = undefined;
}

function dialTarget({ address, port, tls }: Target): Socket {
  if (tls === undefined) return connectTcp({ host: address, port });
  // The lab's certificates are self-signed; what is measured is whether answers come.
  return connectTls({ host: address, port, servername: tls, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
}

function readyEvent({ tls }: Target): 'connect' | 'secureConnect' {
  return tls === undefined ? 'connect' : 'secureConnect';
}

function settled(socket: Socket, ready: string): Promise<void> {
  return new Promise((resolve) => {
    socket.once(ready, () => resolve());
    socket.once('close', () => resolve());
    socket.once('error', () => resolve());
    socket.once('end', () => resolve());
  });
}

function kindOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return 'reset';
  return error.code === 'ECONNREFUSED' ? 'refused' : (error.code ?? 'error');
}

function ignore(): void {
  // Errors of a socket that was already given up have been counted.
}
