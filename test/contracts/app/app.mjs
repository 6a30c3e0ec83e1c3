// A small application whose habits are in HABITS: `stubborn` (deaf to TERM), `parent` (has a child that
// is deaf to TERM), `crash` (ends after 300 ms), `chatty` (a megabyte of log a second), `big` (50 MB).
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

const habits = new Set((process.env.HABITS ?? '').split(' '));
const ballast = habits.has('big') ? Buffer.alloc(50 * 1024 * 1024, 1) : undefined;
const deaf = "trap '' TERM; while :; do sleep 1; done";
const child = habits.has('parent') ? spawn('sh', ['-c', deaf], { stdio: 'ignore' }) : undefined;
const routes = {
  '/env': () => process.env,
  '/argv': () => process.argv.slice(2),
  '/who': () => ({
    pid: process.pid,
    child: child?.pid,
    cwd: process.cwd(),
    uid: process.getuid(),
    ballast: ballast?.length,
  }),
};

const server = createServer((request, response) => response.end(JSON.stringify(routes[request.url]?.() ?? {})));
server.listen(Number(process.env.PORT), process.env.HOST ?? '127.0.0.1', () =>
  console.log(`listens on ${process.env.PORT}`),
);
process.on('SIGTERM', () => habits.has('stubborn') || process.exit(0));
if (habits.has('crash')) setTimeout(() => process.exit(3), 300);
if (habits.has('chatty')) setInterval(() => process.stdout.write(`${'x'.repeat(1023)}\n`.repeat(100)), 100);
