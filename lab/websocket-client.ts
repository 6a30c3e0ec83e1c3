import { WebSocket } from 'ws';
import { monotonic } from './clock.ts';

export interface WebSocketOptions {
  /** `ws://…` or `wss://…` (any certificate is accepted). */
  readonly url: string;
  readonly host?: string;
  readonly connections?: number;
  /** Time between two messages of a connection, ms. */
  readonly every?: number;
  /** An echo later than this counts as unanswered, ms. */
  readonly timeout?: number;
}

export interface WebSocketReport {
  readonly connections: number;
  readonly sent: number;
  readonly echoed: number;
  readonly unanswered: number;
  /** Connections that ended before they were told to, with code and time since the start in ms. */
  readonly cuts: readonly { readonly code: number; readonly at: number }[];
  readonly slowest: number;
}

export interface WebSocketLoad {
  /** Connections that are still open. */
  open(): number;
  stop(): Promise<WebSocketReport>;
}

/** WebSockets that each send a message every so often and want it back. Rejects if one cannot be opened. */
export async function startWebSockets(options: WebSocketOptions): Promise<WebSocketLoad> {
  const { connections = 10, every = 50, timeout = 5000 } = options;
  const tally: Tally = { sent: 0, echoed: 0, slowest: 0, cuts: [], start: monotonic(), stopped: false };
  const opening = Array.from({ length: connections }, () => openOne(options, tally));
  const sockets = await Promise.all(opening);
  const timers = sockets.map((one) => setInterval(() => say(one, tally), every));
  return {
    open: () => sockets.filter(({ socket }) => socket.readyState === WebSocket.OPEN).length,
    stop: async () => {
      timers.forEach((timer) => clearInterval(timer));
      await answered(sockets, timeout);
      tally.stopped = true;
      sockets.forEach(({ socket }) => socket.terminate());
      const { sent, echoed, slowest, cuts } = tally;
      return { connections, sent, echoed, unanswered: sent - echoed, cuts, slowest };
    },
  };
}

interface Tally {
  sent: number;
  echoed: number;
  slowest: number;
  stopped: boolean;
  readonly start: number;
  readonly cuts: { code: number; at: number }[];
}

interface Talking {
  readonly socket: WebSocket;
  readonly waiting: Map<string, number>;
}

function openOne({ url, host }: WebSocketOptions, tally: Tally): Promise<Talking> {
  const socket = new WebSocket(url, {
    rejectUnauthorized: false,
    handshakeTimeout: 10_000,
    ...(host === undefined ? {} : { headers: { Host: host }, servername: host }),
  });
  const waiting = new Map<string, number>();
  socket.on('message', (data) => {
    const text = String(data);
    const since = waiting.get(text);
    if (since === undefined) return;
    waiting.delete(text);
    tally.echoed += 1;
    tally.slowest = Math.max(tally.slowest, monotonic() - since);
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => resolve({ socket, waiting }));
    socket.on('close', (code) => {
      if (!tally.stopped) tally.cuts.push({ code, at: monotonic() - tally.start });
      reject(new Error(`closed with ${code}`));
    });
  });
}

function say({ socket, waiting }: Talking, tally: Tally): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  const text = `message ${(tally.sent += 1)}`;
  waiting.set(text, monotonic());
  socket.send(text);
}

async function answered(sockets: readonly Talking[], limit: number): Promise<void> {
  const open = ({ socket, waiting }: Talking): boolean => socket.readyState === WebSocket.OPEN && waiting.size > 0;
  for (const end = monotonic() + limit; monotonic() < end && sockets.some(open);) {
    await new Promise((go) => setTimeout(go, 5));
  }
}
