// An application with little patience: it closes a connection that is idle for 300 ms, and one that
// has had its 20 requests, without a word of warning. Now and then it stands still for a moment, as for
// a collection of garbage: what arrives meanwhile finds its connection timed out. GET /headers tells
// what it was sent.
import { createServer } from 'node:http';

const limit = 20;
const patience = 300;
const answered = new WeakMap();
const timers = new WeakMap();

// Node itself waits a second longer than its keepAliveTimeout says, so the timer is our own.
const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
  clearTimeout(timers.get(request.socket));
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const body = request.url === '/headers' ? JSON.stringify(request.headers) : Buffer.concat(parts);
    response.on('finish', () => count(request.socket));
    response.end(body);
  });
});
server.listen(Number(process.env.PORT), '127.0.0.1');
setInterval(pause, 60);
process.on('SIGTERM', () => process.exit(0));

function pause() {
  const end = performance.now() + 15;
  while (performance.now() < end);
}

function count(socket) {
  const times = (answered.get(socket) ?? 0) + 1;
  answered.set(socket, times);
  timers.set(
    socket,
    setTimeout(() => socket.destroy(), patience),
  );
  if (times >= limit) socket.end();
}
