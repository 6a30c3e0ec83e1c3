import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { breakOnPurpose } from './break.js';
import { echoWebSocket, goAway } from './websocket.js';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const {
  HOST = '127.0.0.1',
  PORT = '8080',
  APP_VERSION = version,
  CUTOVER_RELEASE = '',
  CUTOVER_SLOT = '',
} = process.env;
const identity = { version: APP_VERSION, release: CUTOVER_RELEASE, slot: CUTOVER_SLOT, pid: process.pid };

const { healthy, port, fault = () => ({}) } = await breakOnPurpose(Number(PORT));
const sockets = new Set();
const streams = new Set();

const routes = {
  'GET /': (_, response) => send(response, 200, 'text/html', page()),
  'GET /version': (_, response) => sendJson(response, 200, identity),
  'GET /health': (_, response) => sendJson(response, healthy ? 200 : 503, { status: healthy ? 'UP' : 'DOWN' }),
  'GET /slow': (query, response) =>
    setTimeout(() => sendJson(response, 200, identity), Number(query.get('ms') ?? 1000)),
  'GET /events': events,
  'POST /echo': (_, response, request) => echo(request, response),
  'POST /die': (query, response) => die(query.get('how') ?? 'exit', response),
};

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  response.setHeader('X-Release', identity.release);
  response.setHeader('X-Slot', identity.slot);
  const route = routes[`${request.method} ${pathname}`];
  const { status, wait = 0, last } = fault(request.method, pathname);
  if (last) process.kill(process.pid, 'SIGKILL');
  if (status) return sendJson(response, status, identity);
  setTimeoutOrNow(wait, () =>
    route ? route(searchParams, response, request) : send(response, 404, 'text/plain', 'not found\n'),
  );
});
server.on('upgrade', (request, socket) => {
  if (request.url !== '/ws') return socket.destroy();
  sockets.add(socket.once('close', () => sockets.delete(socket)));
  echoWebSocket(request, socket);
});
server.listen(port, HOST, () => console.log(`shop ${identity.version} listens on ${server.address().port}`));

process.on('SIGTERM', () => stop(0));

/** No new connections; what is in flight is answered, what has no end is told to go; then the process ends. */
function stop(code) {
  process.exitCode = code;
  server.close(() => process.exit());
  server.closeIdleConnections();
  for (const stream of streams) stream.end();
  for (const socket of sockets) goAway(socket);
}

function echo(request, response) {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () =>
    send(response, 200, request.headers['content-type'] ?? 'application/octet-stream', Buffer.concat(chunks)),
  );
}

function events(query, response) {
  let id = 0;
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const timer = setInterval(
    () => response.write(`id:${++id}\ndata:${JSON.stringify(identity)}\n\n`),
    Number(query.get('ms') ?? 100),
  );
  streams.add(response);
  response.on('close', () => {
    clearInterval(timer);
    streams.delete(response);
  });
}

/** `exit` ends in good order, `halt` is what a crash or the kernel's OOM killer does. */
function die(how, response) {
  sendJson(response, 202, {});
  setTimeout(() => (how === 'halt' ? process.kill(process.pid, 'SIGKILL') : stop(1)), 20);
}

function setTimeoutOrNow(wait, work) {
  if (wait > 0) setTimeout(work, wait);
  else work();
}

function page() {
  return `<!doctype html><title>shop</title><h1>shop ${identity.version}</h1><p>release ${identity.release} in slot ${identity.slot}</p>\n`;
}

function sendJson(response, status, value) {
  send(response, status, 'application/json', JSON.stringify(value));
}

function send(response, status, type, body) {
  // Once it is stopping, the client is told to use no further request of this connection.
  if (!server.listening) response.setHeader('Connection', 'close');
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) }).end(body);
}
