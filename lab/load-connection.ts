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
  readonly isOpen: boolean;
  send(request: Request): void;
  /** Gives up the request in flight, if it was sent before `instant`. */
  expire(instant: number): void;
  destroy(): void;
}

export function createConnection(target: Target, events: ConnectionEvents): Connection {
  let socket: Socket | undefined;
  let flight: Request | undefined;
  let pending: Buffer | undefined;

  const drop = (): void => {
    socket?.removeAllListeners().on('error', ignore).destroy();
    socket = undefined;
    pending = undefined;
  };
  const lose = (kind: string, detail: string): void => {
    const request = flight;
    flight = undefined;
    drop();
    if (request) events.lost(request, kind, detail);
    else if (kind === 'eof' || kind === 'reset') events.closed(false);
  };
  const receive = (chunk: Buffer): void => {
    const bytes = pending ? Buffer.concat([pending, chunk]) : chunk;
    const reading = flight ? readAnswer(bytes) : 'malformed';
    if (reading === 'incomplete') pending = bytes;
    else if (reading === 'malformed' || reading.used < bytes.length) lose('malformed', bytes.toString('latin1', 0, 80));
    else finish(reading.answer);
  };
  const finish = (answer: Answer): void => {
    const request = flight;
    flight = undefined;
    pending = undefined;
    if (answer.close) {
      drop();
      events.closed(true);
    }
    if (request) events.answered(request, answer);
  };
  const dial = (): Socket => {
    const opened = dialTarget(target);
    opened.setNoDelay(true);
    opened.on('data', receive);
    opened.on('end', () => lose('eof', pending ? 'in the middle of the answer' : 'before the answer'));
    opened.on('error', (error: NodeJS.ErrnoException) => lose(kindOf(error), error.message));
    opened.on('close', () => lose('reset', 'closed'));
    opened.once(readyEvent(target), () => events.opened());
    socket = opened;
    return opened;
  };

  return {
    get busy() {
      return flight !== undefined;
    },
    get isOpen() {
      return socket !== undefined && !socket.connecting;
    },
    open: () => (socket ? Promise.resolve() : settled(dial(), readyEvent(target))),
    send: (request) => {
      flight = request;
      request.sent = monotonic();
      (socket ?? dial()).write(request.bytes, 'latin1');
    },
    expire: (instant) => {
      if (flight && flight.sent < instant) lose('timeout', 'no full answer in time');
    },
    destroy: () => {
      flight = undefined;
      drop();
    },
  };
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
