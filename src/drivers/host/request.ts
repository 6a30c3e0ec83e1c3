import http from 'node:http';
import type { Socket } from 'node:net';
import type { HttpAnswer, HttpRequest } from '../../ports.ts';

const bodyLimit = 64 * 1024;

/** One request on a connection of its own, or on a kept one, by way of a socket file if there is one. */
export async function request(
  { url, method = 'GET', headers, timeout, signal, kept }: HttpRequest,
  socketPath?: string,
): Promise<HttpAnswer> {
  const { request: begin, Agent } = url.startsWith('https:') ? await import('node:https') : http;
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
        agent: kept ? keptBy(Agent) : false,
        method,
        ...(socketPath === undefined ? {} : { socketPath }),
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
    outgoing.on('socket', (socket) => socket.once('connect', () => (from = localEnd(socket))));
    outgoing.on('error', (error) => reject(from === undefined ? error : Object.assign(error, { from })));
    outgoing.on('close', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      reject(new Error('the connection was closed'));
    });
    outgoing.end();
  });
}

const agents = new Map<unknown, http.Agent>();
/** As many as a warm-up may ask for. */
const keptConnections = 100;

function keptBy(Agent: new (options: http.AgentOptions) => http.Agent): http.Agent {
  const agent = agents.get(Agent) ?? new Agent({ keepAlive: true, maxSockets: keptConnections });
  agents.set(Agent, agent);
  return agent;
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
