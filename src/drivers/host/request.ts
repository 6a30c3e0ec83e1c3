import http from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HttpAnswer, HttpRequest } from '../../ports.ts';

const bodyLimit = 64 * 1024;

/** Makes a connection in another way than from here. */
export type Dial = (host: string, port: number) => Promise<Duplex>;

/** One request on a connection of its own, or on a kept one. */
export async function request(wanted: HttpRequest, dial?: Dial): Promise<HttpAnswer> {
  const { url, method = 'GET', headers, timeout, signal, kept } = wanted;
  const { request: begin, Agent } = url.startsWith('https:') ? await import('node:https') : http;
  const connect = dial && (await connectorBy(dial, url));
  // It may have been called off while the way there was made.
  signal?.throwIfAborted();
  const own = connect ? { createConnection: connect } : { agent: false };
  const outgoing = begin(url, {
    ...(kept ? { agent: keptBy(Agent, dial, connect) } : own),
    method,
    headers,
    rejectUnauthorized: false,
    ...(headers?.['host'] ? { servername: serverName(headers['host']) } : {}),
  });
  // HTTP/1.1 keeps connections anyway, and nginx says no word about it either.
  if (kept) outgoing.removeHeader('connection');
  if (kept === 'last') outgoing.on('response', (answer) => closeAfter(answer));
  outgoing.end();
  return answerTo(outgoing, timeout, signal);
}

function answerTo(outgoing: http.ClientRequest, timeout: number, signal?: AbortSignal): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    let from: HttpAnswer['from'];
    const fail = (error: Error) => reject(from === undefined ? error : Object.assign(error, { from }));
    // A request that waits for its connection does not tell that it was called off.
    const giveUp = (words: string) => {
      ended();
      outgoing.destroy();
      fail(new Error(words));
    };
    const abort = () => giveUp('interrupted');
    const timer = setTimeout(giveUp, timeout, 'no answer in time');
    const ended = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    };
    signal?.addEventListener('abort', abort);
    outgoing.on('socket', (socket) => {
      from = localEnd(socket);
      if (socket.connecting) socket.once('connect', () => (from = localEnd(socket)));
    });
    outgoing.on('response', (answer) => read(answer, fail, (body) => resolve({ ...headOf(answer), body, from })));
    outgoing.on('error', fail);
    outgoing.on('close', () => {
      ended();
      reject(new Error('the connection was closed'));
    });
  });
}

function closeAfter(answer: http.IncomingMessage): void {
  const { socket } = answer;
  answer.on('end', () => socket.destroy());
}

function headOf({ statusCode = 0, headers }: http.IncomingMessage): Pick<HttpAnswer, 'status' | 'headers'> {
  return { status: statusCode, headers: flat(headers) };
}

function read(answer: http.IncomingMessage, fail: (error: Error) => void, tell: (body: string) => void): void {
  let body = '';
  const finish = () => tell(body.slice(0, bodyLimit));
  answer.setEncoding('utf8');
  answer.on('data', (text: string) => {
    body += text;
    if (body.length < bodyLimit) return;
    finish();
    answer.destroy();
  });
  answer.on('end', finish);
  answer.on('error', fail);
}

type Connect = NonNullable<http.ClientRequestArgs['createConnection']>;

/** Who waits for it is told later; TLS is spoken here, whoever made the connection. */
async function connectorBy(dial: Dial, url: string): Promise<Connect> {
  const tls = url.startsWith('https:') ? await import('node:tls') : undefined;
  return ({ host, port, ...options }, created) => {
    const made = dial(host ?? '', Number(port)).then(
      (socket) => tls?.connect({ ...options, socket } as object) ?? socket,
    );
    made.then(
      (stream) => created(null, stream),
      (error: Error) => created(error, undefined as never),
    );
    return undefined;
  };
}

/** By protocol and by who makes the connections. */
const agents = new Map<unknown, Map<unknown, http.Agent>>();
/** As many as a warm-up may ask for. */
const keptConnections = 100;

function keptBy(
  Agent: new (options: http.AgentOptions) => http.Agent,
  dial: Dial | undefined,
  createConnection: Connect | undefined,
): http.Agent {
  const known = agents.get(Agent) ?? new Map<unknown, http.Agent>();
  const agent = known.get(dial) ?? new Agent({ keepAlive: true, maxSockets: keptConnections });
  agents.set(Agent, known.set(dial, agent));
  return createConnection ? Object.assign(agent, { createConnection }) : agent;
}

function localEnd({ localAddress: address, localPort: port }: Socket): HttpAnswer['from'] {
  return address === undefined || port === undefined ? undefined : { address, port };
}

/** TLS asks for a name, not an address and not a port. */
function serverName(host: string): string {
  const name = host.replace(/:\d+$/, '');
  return /^[\d.]+$|:/.test(name) ? '' : name;
}

function flat(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}
