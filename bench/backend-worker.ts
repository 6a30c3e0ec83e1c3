import { createServer, type Socket } from 'node:net';
import { readRequests } from './backend-request.ts';

/**
 * The application of the benchmark, one process a slot: answers GET with its slot and POST with the body it got.
 * Bare sockets, no HTTP library and no limit on a connection's age, so that it is far quicker than any proxy and
 * never closes a connection: whatever is lost was lost by the front door.
 */
const [port = '0', slot = '?'] = process.argv.slice(2);
const server = createServer({ noDelay: true }, serve);
server.listen(Number(port), '127.0.0.1', () => process.send?.('ready'));
process.on('disconnect', () => process.exit());

function serve(socket: Socket): void {
  let rest: Buffer | undefined;
  socket.on('data', (chunk: Buffer) => {
    const { bodies, used, all } = readRequests(rest ? Buffer.concat([rest, chunk]) : chunk);
    rest = used < all.length ? all.subarray(used) : undefined;
    if (bodies.length > 0) socket.write(bodies.map(answer).join(''), 'latin1');
  });
  socket.on('error', () => socket.destroy());
}

function answer(body: string | undefined): string {
  const text = body ?? slot;
  return `HTTP/1.1 200 OK\r\nX-Slot: ${slot}\r\nX-Release: ${slot}\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
}
