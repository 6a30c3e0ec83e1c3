import type { Answer } from './answer.ts';
import { monotonic } from './clock.ts';
import { type Connection, createConnection, type Request, type Target } from './load-connection.ts';
import { createLoadLog, type LoadLog } from './load-log.ts';
import { createPace, type Send } from './load-pace.ts';
import { identify, type LoadReport } from './load-report.ts';
import { createComposer } from './load-requests.ts';

export type { LoadReport, Loss, Seen, Segment } from './load-report.ts';

export interface LoadOptions {
  /** Where the connections go, e.g. `http://127.0.0.1:8080` or `https://…` (any certificate is accepted). */
  readonly url: string;
  /** Host header, and server name for TLS. */
  readonly host?: string;
  /** Keep-alive connections in all. Half of them are idle: they send only when fired, and every `idleEvery` ms. */
  readonly connections?: number;
  /** Requests per second over the others; undefined: each sends as soon as it has its answer. */
  readonly rate?: number;
  /** Share of POSTs, 0 to 1. */
  readonly posts?: number;
  readonly getPath?: string;
  readonly postPath?: string;
  /** Bytes of a POST's body, at least 24. */
  readonly bodySize?: number;
  /** Longest time to wait for a full answer, ms. */
  readonly timeout?: number;
  /** Share of idle connections, 0 to 1. */
  readonly idle?: number;
  readonly idleEvery?: number;
}

export interface Load {
  /** Names an instant; later figures are told apart by it. `at`: monotonic ms, now if absent. */
  mark(label: string, at?: number): void;
  /** Every idle connection sends one request at this very moment, or spread evenly over `over` ms. */
  fireIdleNow(over?: number): void;
  counts(): Promise<{ sent: number; answered: number; lost: number }>;
  /** Stops sending, waits for what is in flight, closes, reports. */
  stop(): Promise<LoadReport>;
}

const defaults = {
  connections: 20,
  posts: 0.5,
  getPath: '/version',
  postPath: '/echo',
  bodySize: 64,
  timeout: 10_000,
  idle: 0.5,
  idleEvery: 3000,
};

/** Starts a client that forgives nothing: keep-alive, no retries, every request accounted for. Ready when connected. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const wanted = { ...defaults, ...options };
  const log = createLoadLog();
  const compose = createComposer(wanted);
  const all = openConnections(targetOf(wanted), wanted.connections, log, () => pace.freed());
  const idle = all.slice(0, Math.round(wanted.connections * wanted.idle));
  const send: Send = (connection, due) => {
    log.counts.sent += 1;
    connection.send(compose(due));
  };
  const pace = createPace(all.slice(idle.length), wanted.rate, send);
  await Promise.all(all.map((connection) => connection.open()));
  log.mark('load');
  const fireIdleNow = (over = 0): void => fire(idle, over, send);
  const watch = setInterval(() => all.forEach((one) => one.expire(monotonic() - wanted.timeout)), 50);
  const senders = [
    setInterval(() => pace.tick(), 1),
    setInterval(() => idle.forEach((one) => void one.open()), 20),
    setInterval(() => fireIdleNow(wanted.idleEvery / 2), wanted.idleEvery),
  ];
  const stop = async (): Promise<LoadReport> => {
    senders.forEach((timer) => clearInterval(timer));
    pace.stop();
    await end(all, wanted.timeout);
    clearInterval(watch);
    return log.report();
  };
  return { mark: log.mark, fireIdleNow, counts: () => Promise.resolve({ ...log.counts }), stop };
}

function targetOf({ url, host }: LoadOptions): Target {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === 'https:';
  return { address: hostname, port: Number(port || (secure ? 443 : 80)), tls: secure ? (host ?? hostname) : undefined };
}

function openConnections(target: Target, count: number, log: LoadLog, freed: () => void): Connection[] {
  const lose = ({ method, sent }: Request, kind: string, detail: string): void =>
    log.lost({ kind, method, detail, sent });
  const judge = (request: Request, answer: Answer): void => {
    if (answer.status < 200 || answer.status > 299) lose(request, 'status', `answered ${answer.status}`);
    else if (request.body !== undefined && answer.body.toString('latin1') !== request.body) {
      lose(request, 'echo', `sent ${request.body.slice(0, 24)}, got ${answer.body.toString('latin1', 0, 24)}`);
    } else {
      log.answered(request.due, request.sent, monotonic(), identify(answer, request.method));
      freed();
    }
  };
  const events = {
    answered: judge,
    lost: lose,
    closed: (announced: boolean) => {
      log.connections[announced ? 'announcedCloses' : 'idleCloses'] += 1;
    },
    opened: () => {
      log.connections.opened += 1;
    },
  };
  return Array.from({ length: count }, () => createConnection(target, events));
}

function fire(idle: readonly Connection[], over: number, send: Send): void {
  const one = (connection: Connection): void => {
    if (!connection.busy && !connection.ended) send(connection, monotonic());
  };
  if (over === 0) idle.forEach(one);
  else idle.forEach((connection, i) => setTimeout(() => one(connection), (over * i) / idle.length).unref());
}

/** Lets what is in flight come to its end, then closes. */
async function end(connections: readonly Connection[], limit: number): Promise<void> {
  const last = monotonic() + limit + 1000;
  while (connections.some((one) => one.busy) && monotonic() < last) await new Promise((go) => setTimeout(go, 5));
  connections.forEach((connection) => connection.destroy());
}
