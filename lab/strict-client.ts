import type { Answer } from './answer.ts';
import { monotonic } from './clock.ts';
import { type Connection, createConnection, type Request, type Target } from './load-connection.ts';
import { createLoadLog, type LoadLog } from './load-log.ts';
import { identify, type LoadReport } from './load-report.ts';

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
  const connections = openConnections(targetOf(wanted), wanted.connections, log, () => pace.freed());
  const idleCount = Math.round(wanted.connections * wanted.idle);
  const idle = connections.slice(0, idleCount);
  const pace = createPace(connections.slice(idleCount), wanted.rate, (connection, due) => send(connection, due));
  let stopped = false;
  const send = (connection: Connection, due: number): void => {
    if (stopped) return;
    log.counts.sent += 1;
    connection.send(compose(due));
  };
  await Promise.all(connections.map((connection) => connection.open()));
  log.mark('load');
  const timers = [
    setInterval(() => pace.tick(), 1),
    setInterval(() => connections.forEach((one) => one.expire(monotonic() - wanted.timeout)), 50),
    setInterval(() => idle.forEach((one) => void one.open()), 20),
    setInterval(() => fire(idle, wanted.idleEvery / 2, send), wanted.idleEvery),
  ];
  pace.tick();
  return {
    mark: log.mark,
    fireIdleNow: (over = 0) => fire(idle, over, send),
    counts: () => Promise.resolve({ ...log.counts }),
    stop: async () => {
      stopped = true;
      pace.stop();
      await drained(connections, wanted.timeout);
      timers.forEach((timer) => clearInterval(timer));
      connections.forEach((connection) => connection.destroy());
      return log.report();
    },
  };
}

function targetOf({ url, host }: LoadOptions): Target {
  const { protocol, hostname, port } = new URL(url);
  const secure = protocol === 'https:';
  return { address: hostname, port: Number(port || (secure ? 443 : 80)), tls: secure ? (host ?? hostname) : undefined };
}

type Compose = (due: number) => Request;

/** Makes requests, POSTs evenly mixed in, each body unlike any other. */
function createComposer(wanted: LoadOptions & typeof defaults): Compose {
  const host = wanted.host ?? new URL(wanted.url).host;
  const get = `GET ${wanted.getPath} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const size = Math.max(24, wanted.bodySize);
  const type = 'Content-Type: application/octet-stream';
  const post = `POST ${wanted.postPath} HTTP/1.1\r\nHost: ${host}\r\n${type}\r\nContent-Length: ${size}\r\n\r\n`;
  let number = 0;
  let share = 0;
  return (due) => {
    number += 1;
    share += wanted.posts;
    if (share < 1) return { method: 'GET', bytes: get, body: undefined, due, sent: due };
    share -= 1;
    const body = `${process.pid}.${number}.`.padEnd(size, 'x');
    return { method: 'POST', bytes: post + body, body, due, sent: due };
  };
}

function openConnections(target: Target, count: number, log: LoadLog, freed: () => void): Connection[] {
  const lose = ({ method, sent }: Request, kind: string, detail: string): void => log.lost({ kind, method, detail, sent });
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

interface Pace {
  tick(): void;
  freed(): void;
  stop(): void;
}

/** Hands out requests at a rate. One that finds no free connection waits, and its latency counts from when it was due. */
function createPace(connections: readonly Connection[], rate: number | undefined, send: (c: Connection, due: number) => void): Pace {
  const waiting: number[] = [];
  const start = monotonic();
  let made = 0;
  let turn = 0;
  let stopped = connections.length === 0;
  const nextFree = (): Connection | undefined => {
    for (let i = 0; i < connections.length; i += 1) {
      const one = connections[(turn + i) % connections.length];
      if (one && !one.busy) {
        turn = (turn + i + 1) % connections.length;
        return one;
      }
    }
    return undefined;
  };
  const flush = (closedLoop: boolean): void => {
    while (!stopped && (closedLoop || waiting.length > 0)) {
      const free = nextFree();
      if (!free) return;
      send(free, waiting.shift() ?? monotonic());
    }
  };
  return {
    tick: () => {
      const now = monotonic();
      const due = rate === undefined ? 0 : Math.floor(((now - start) * rate) / 1000);
      for (; made < due; made += 1) waiting.push(now);
      flush(rate === undefined);
    },
    freed: () => flush(rate === undefined),
    stop: () => {
      stopped = true;
    },
  };
}

function fire(idle: readonly Connection[], over: number, send: (c: Connection, due: number) => void): void {
  const one = (connection: Connection): void => {
    if (!connection.busy) send(connection, monotonic());
  };
  if (over === 0) idle.forEach(one);
  else idle.forEach((connection, i) => setTimeout(() => one(connection), (over * i) / idle.length).unref());
}

async function drained(connections: readonly Connection[], limit: number): Promise<void> {
  const end = monotonic() + limit + 1000;
  while (connections.some((one) => one.busy) && monotonic() < end) await new Promise((go) => setTimeout(go, 5));
}
