// Loaded before the Node sample: writes down what each slot is asked, one JSON a line in the file $TOLD.SLOT.
// GET /boom is answered 500, GET /hang never.
import { appendFileSync } from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';

const { TOLD, CUTOVER_SLOT: slot, CUTOVER_RELEASE: release } = process.env;
const create = http.createServer;
const waiting = [];

http.createServer = (answer) =>
  create((request, response) => {
    const { method, url, headers } = request;
    waiting.push(`${JSON.stringify({ release, method, url, headers })}\n`);
    if (url === '/boom') response.writeHead(500).end();
    else if (url !== '/hang') answer(request, response);
  });
syncBuiltinESMExports();
setInterval(write, 100).unref();
process.on('exit', write);

function write() {
  if (waiting.length > 0) appendFileSync(`${TOLD}.${slot}`, waiting.splice(0).join(''));
}
