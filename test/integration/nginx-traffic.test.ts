import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { request, type RequestOptions } from 'node:https';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate } from '../../lab/certificate.ts';
import { runH2load } from '../../lab/h2.ts';
import { startLoadProcess } from '../../lab/load-process.ts';
import { startEvents } from '../../lab/sse-client.ts';
import { startWebSockets } from '../../lab/websocket-client.ts';
import { createStand, mustBeDone, type Stand, type StandOptions } from '../support/stand.ts';

interface Got {
  status: number;
  release: string;
  body: Buffer;
}

/** A stand with a certificate, a redirect from the plain port, and no limit of requests on a client's connection. */
function createTlsStand(nginx: 'debian' | 'current'): Promise<Stand> {
  const config = 'health: { path: /health }\nupstream: { idle: 1s }';
  const options: StandOptions = {
    nginx,
    config,
    async beforeSetup(stand) {
      const tls = path.join(stand.dir, 'tls');
      mkdirSync(tls);
      const { certificate, key } = await makeCertificate(tls, [stand.host]);
      writeFileSync(path.join(stand.nginx.confDir, 'limits.conf'), 'keepalive_requests 1000000000;\n');
      options.router = `  tls: { certificate: ${certificate}, key: ${key}, listen: "127.0.0.1:${stand.nginx.httpsPort}" }`;
      stand.configure(config);
    },
  };
  return createStand(options);
}

describe.each(['debian', 'current'] as const)('through deploys and rollbacks on nginx (%s), over TLS', (nginx) => {
  let stand: Stand;
  let url: string;

  const ask = (
    options: RequestOptions,
    send: (write: (part: Buffer) => Promise<void>) => Promise<void>,
  ): Promise<Got> =>
    new Promise((resolve, reject) => {
      const all = {
        ...options,
        host: '127.0.0.1',
        port: stand.nginx.httpsPort,
        servername: stand.host,
        rejectUnauthorized: false,
        agent: false,
      };
      const asking = request({ ...all, headers: { host: stand.host, ...options.headers } }, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            release: String(answer.headers['x-release']),
            body: Buffer.concat(parts),
          }),
        );
      });
      asking.on('error', reject);
      const write = (part: Buffer) => new Promise<void>((go) => void asking.write(part, () => go()));
      void send(write).then(() => asking.end());
    });

  beforeAll(async () => {
    stand = await createTlsStand(nginx);
    url = `https://127.0.0.1:${stand.nginx.httpsPort}`;
    mustBeDone(await stand.cutover('deploy'));
  });

  afterAll(async () => stand?.stop());

  it('no WebSocket, no stream of events, no upload and no slow request is cut, and no request is lost', async () => {
    const { host } = stand;
    const load = await startLoadProcess({ url, host, connections: 20, rate: 200 });
    const sockets = await startWebSockets({ url: `${url.replace('https', 'wss')}/ws`, host, connections: 10 });
    const events = await startEvents({ url: `${url}/events?ms=50`, host, connections: 10, silence: 1500 });
    const body = randomBytes(50 * 1024 * 1024);
    const half = body.length / 2;
    const slow = ask({ path: '/slow?ms=6000' }, () => Promise.resolve());
    let more = (): void => {};
    const switched = new Promise<void>((go) => (more = go));
    const upload = ask({ path: '/echo', method: 'POST', headers: { 'content-length': body.length } }, async (write) => {
      await write(body.subarray(0, half));
      await switched;
      await write(body.subarray(half));
    });
    mustBeDone(await stand.cutover('deploy'));
    const whole = ask({ path: '/echo', method: 'POST', headers: { 'content-length': body.length } }, (write) =>
      write(body),
    );
    mustBeDone(await stand.cutover('rollback'));
    mustBeDone(await stand.cutover('rollback', '2'));
    more();
    for (const { status, body: echoed } of await Promise.all([upload, whole])) {
      expect(status).toBe(200);
      expect(hash(echoed)).toBe(hash(body));
    }
    expect((await slow).status).toBe(200);
    mustBeDone(await stand.cutover('rollback', '1'));
    const [requests, streamed, talked] = [await load.stop(), events.stop(), await sockets.stop()];
    console.log(
      `nginx ${nginx}: ${requests.lost} of ${requests.sent} requests lost, ${talked.cuts.length} of ${talked.connections} WebSockets cut, ` +
        `${talked.unanswered} of ${talked.sent} echoes missing, ${streamed.cuts.length} of ${streamed.connections} streams cut, ` +
        `longest silence ${Math.round(streamed.longest)} ms of ${streamed.events} events that come every 50 ms`,
    );
    expect(requests.losses).toEqual([]);
    expect(talked).toMatchObject({ cuts: [], unanswered: 0 });
    expect(streamed).toMatchObject({ cuts: [], delays: 0 });
  });

  it('each event arrives when it is sent, not when a buffer is full', async () => {
    const events = await startEvents({ url: `${url}/events?ms=250`, host: stand.host, connections: 5, silence: 500 });
    await sleep(3000);
    const report = events.stop();
    console.log(`nginx ${nginx}: longest silence ${Math.round(report.longest)} ms of events that come every 250 ms`);
    expect(report).toMatchObject({ delays: 0, cuts: [] });
    expect(report.events).toBeGreaterThan(45);
  });

  it('no request over HTTP/2 fails', async () => {
    const running = runH2load({ url: `${url}/version`, host: stand.host, clients: 8, streams: 4, seconds: 7 });
    await sleep(1000);
    for (const word of ['rollback', 'deploy'] as const) {
      mustBeDone(await stand.cutover(word, ...(word === 'rollback' ? ['2'] : [])));
      await sleep(200);
    }
    const report = await running;
    console.log(
      `nginx ${nginx}: ${report.total - report.succeeded} of ${report.total} requests over ${report.protocol} failed`,
    );
    expect(report).toMatchObject({ protocol: 'h2', failed: 0, errored: 0, timeout: 0 });
    expect(report.status).toMatchObject({ '3xx': 0, '4xx': 0, '5xx': 0 });
  });

  it('plain HTTP is sent to HTTPS, with path and query', async () => {
    const answer = await fetch(`${stand.url}/a/b?c=d`, { redirect: 'manual', headers: { host: stand.host } });
    expect(answer.status).toBe(301);
    expect(new URL(answer.headers.get('location') ?? '').pathname).toBe('/a/b');
    expect(answer.headers.get('location')).toMatch(/^https:.*\?c=d$/);
  });
});

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
