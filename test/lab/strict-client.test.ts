import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort } from '../../lab/free-port.ts';
import { startLoadProcess } from '../../lab/load-process.ts';
import { type LoadOptions, type LoadReport, startLoad } from '../../lab/strict-client.ts';

type Behave = (socket: Socket, request: string, number: number) => void;

const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(() => {
  sockets.forEach((socket) => socket.destroy());
  sockets.clear();
  servers.splice(0).forEach((server) => server.close());
});

describe('the strict client', () => {
  test('loses nothing with a server that does as it should', async () => {
    const report = await loadOn(wellBehaved, { rate: 500 });
    expect(report).toMatchObject({ lost: 0, losses: [] });
    expect(report.answered).toBe(report.sent);
    expect(report.byRelease).toEqual({ r1: report.answered });
    expect(report.bySlot).toEqual({ blue: report.answered });
  });

  test.each([
    ['a reset', 'reset', (socket: Socket) => socket.resetAndDestroy()],
    ['an end before the answer', 'eof', (socket: Socket) => socket.end()],
    [
      'an end in the middle of the answer',
      'eof',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
    ],
    [
      'an end in the middle of the chunks',
      'eof',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'),
    ],
    ['an answer without a length', 'malformed', (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nall?')],
    ['two answers to one request', 'malformed', (socket: Socket) => socket.write(answer('a') + answer('b'))],
    ['status 500', 'status', (socket: Socket) => socket.write(answer('no', '500 Internal Server Error'))],
    ['a redirect', 'status', (socket: Socket) => socket.write(answer('', '302 Found'))],
    ['silence', 'timeout', () => undefined],
  ])('sees %s', async (_, kind, misbehave) => {
    const report = await loadOn((socket, request, number) => {
      if (number === 20) misbehave(socket);
      else wellBehaved(socket, request, number);
    });
    expect(report.lost).toBe(1);
    expect(report.losses).toMatchObject([{ kind, method: expect.stringMatching(/^(GET|POST)$/) }]);
    expect(report.sent).toBe(report.answered + 1);
  });

  test('sees an echo that is not what it sent', async () => {
    const report = await loadOn(
      (socket, request) => void socket.write(answer(request.startsWith('POST') ? 'other' : 'r1')),
    );
    expect(report.lossKinds).toEqual({ echo: report.lost });
    expect(report.lost).toBeGreaterThan(0);
    expect(report.losses.every(({ method }) => method === 'POST')).toBe(true);
  });

  test('sees a server that is not there', async () => {
    const load = await startLoad({ url: `http://127.0.0.1:${await freePort()}`, connections: 4, rate: 100 });
    await sleep(200);
    const report = await load.stop();
    expect(report.lost).toBe(report.sent);
    expect(Object.keys(report.lossKinds)).toEqual(['refused']);
  });

  test('forgives an end that was announced, and an idle one on which nothing was sent', async () => {
    const report = await loadOn(
      (socket, request, number) => {
        if (number % 10 === 0) socket.end(answer('r1', '200 OK', echoOf(request), 'Connection: close\r\n'));
        else wellBehaved(socket, request, number);
        if (number % 25 === 0) setTimeout(() => sockets.forEach((one) => one.end()), 5);
      },
      { rate: 20 },
    );
    expect(report).toMatchObject({ lost: 0 });
    expect(report.connections.announcedCloses).toBeGreaterThan(0);
  });

  test('sees the race of a request against an idle end', async () => {
    // The server resets the idle connections just as they send.
    const url = await serve(wellBehaved);
    const load = await startLoad({ url, connections: 10, idle: 1, idleEvery: 60_000 });
    await expect.poll(() => sockets.size).toBe(10);
    load.fireIdleNow();
    for (const socket of sockets) socket.removeAllListeners('data').resetAndDestroy();
    await sleep(100);
    const report = await load.stop();
    expect(report).toMatchObject({ sent: 10, lost: 10, lossKinds: { reset: 10 } });
  });
});

describe('its figures', () => {
  test('tell the last old answer from the first new one', async () => {
    let release = 'old';
    const url = await serve(
      (socket, request) => void socket.write(answer('r1', '200 OK', echoOf(request), `X-Release: ${release}\r\n`)),
    );
    const load = await startLoad({ url, connections: 10, rate: 500 });
    await sleep(200);
    load.mark('switch');
    load.fireIdleNow();
    setTimeout(() => (release = 'new'), 100);
    await sleep(300);
    const report = await load.stop();
    const segment = report.segments.find(({ label }) => label === 'switch');
    expect(segment?.byRelease['old']?.lastSent).toBeGreaterThan(70);
    expect(segment?.byRelease['new']?.firstAnswer).toBeGreaterThan(90);
    expect(segment?.byRelease['new']?.firstAnswer).toBeLessThan(200);
    expect(report.segments.find(({ label }) => label === 'load')?.byRelease).not.toHaveProperty('new');
  });

  test('count waiting for a free connection as latency', async () => {
    const slow: Behave = (socket, request, number) => void setTimeout(() => wellBehaved(socket, request, number), 50);
    const report = await loadOn(slow, { connections: 2, idle: 0, rate: 100 });
    expect(report.latency.max).toBeGreaterThan(150);
  });

  test('come the same from a process of its own', async () => {
    const url = await serve(wellBehaved);
    const load = await startLoadProcess({ url, connections: 10, rate: 500 });
    await sleep(200);
    load.mark('fire');
    load.fireIdleNow();
    await sleep(100);
    expect((await load.counts()).sent).toBeGreaterThan(100);
    const report = await load.stop();
    expect(report).toMatchObject({ lost: 0, byRelease: { r1: report.sent } });
    expect(report.segments.map(({ label }) => label)).toEqual(['start', 'load', 'fire']);
  });
});

const wellBehaved: Behave = (socket, request) => {
  const head = 'X-Release: r1\r\nX-Slot: blue\r\n';
  const body = echoOf(request);
  const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${head}\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  socket.write(Math.random() < 0.5 ? chunked : answer('r1', '200 OK', body, head));
};

async function loadOn(behave: Behave, options: Partial<LoadOptions> = {}): Promise<LoadReport> {
  const load = await startLoad({ url: await serve(behave), connections: 10, rate: 200, timeout: 300, ...options });
  await sleep(400);
  load.fireIdleNow();
  return load.stop();
}

async function serve(behave: Behave): Promise<string> {
  const port = await freePort();
  let number = 0;
  const server = createServer((socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    socket.on('error', () => undefined);
    socket.on('data', (data) => behave(socket, String(data), (number += 1)));
  });
  servers.push(server);
  await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(undefined)));
  return `http://127.0.0.1:${port}`;
}

function answer(text: string, status = '200 OK', body = text, head = ''): string {
  return `HTTP/1.1 ${status}\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`;
}

function echoOf(request: string): string {
  return request.startsWith('POST') ? request.slice(request.indexOf('\r\n\r\n') + 4) : 'r1';
}
