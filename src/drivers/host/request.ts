import http from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HttpAnswer, HttpRequest } from '../../ports.ts';

const bodyLimit = 64 * 1024;

/** Makes a connection in another way than from here. */
export type Dial = (host: string, port: number) => Promise<Duplex>;

/** One request on a connection of its own, or on a kept one. */
export async function request(
  { url, method = 'GET', headers, timeout, signal, kept }: HttpRequest,
  dial?: Dial,
): Promise<HttpAnswer> {
  const { request: begin, Agent } = url.startsWith('https:') ? await import('node:https') : http;
  const connect = dial && (await connectorBy(dial, url));
  // It may have been called off while the way there was made.
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const abort = () => outgoing.destroy(new Error('interrupted'));
    let from: HttpAnswer['from'];
    const timer = setTimeout(() => outgoing.destroy(new Error('no answer in time')), timeout);
    signal?.addEventListener('abort', abort);
    const outgoing = begin(
      url,
      {
        ...(kept
          ? { agent: keptBy(Agent, dial, connect) }
          : connect
            ? { createConnection: connect }
            : { agent: false }),
        method,
        headers,
        rejectUnauthorized: false,
        ...(headers?.['host'] ? { servername: serverName(headers['host']) } : {}),
      },
      (answer) => {
        let body = '';
        const finish = () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: flat(answer.headers),
            body: body.slice(0, bodyLimit),
            from,
          });
        answer.setEncoding('utf8');
        answer.on('data', (text: string) => {
          body += text;
          if (body.length < bodyLimit) return;
          finish();
          outgoing.destroy();
        });
        answer.on('end', finish);
        answer.on('error', reject);
      },
    );
    // HTTP/1.1 keeps connections anyway, and nginx says no word about it either.
    if (kept) outgoing.removeHeader('connection');
    outgoing.on('socket', (socket) => {
      from = localEnd(socket);
      if (socket.connecting) socket.once('connect', () => (from = localEnd(socket)));
    });
    outgoing.on('error', (error) => reject(from === undefined ? error : Object.assign(error, { from })));
    outgoing.on('close', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      reject(new Error('the connection was closed'));
    });
    outgoing.end();
  });
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
