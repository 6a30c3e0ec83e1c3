import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate } from '../../lab/certificate.ts';
import { end, remember } from '../../lab/cleanup.ts';
import { freePort } from '../../lab/free-port.ts';
import { runH2load } from '../../lab/h2.ts';
import { type Nginx, startNginx } from '../../lab/nginx.ts';
import { root } from '../../lab/paths.ts';
import { startEvents } from '../../lab/sse-client.ts';
import { startLoad } from '../../lab/strict-client.ts';
import { startWebSockets } from '../../lab/websocket-client.ts';

describe.each(['debian', 'current'] as const)('through %s nginx with TLS, the Node sample', (binary) => {
  const dir = mkdtempSync(join(tmpdir(), 'cutover-test-'));
  let nginx: Nginx;
  let app: Sample;

  beforeAll(async () => {
    app = await startSample();
    const files = await makeCertificate(dir, ['shop.test']);
    nginx = await startNginx({ binary, site: (ports) => site({ ...ports, ...files, app: app.port }) });
  });
  afterAll(async () => {
    await nginx.stop();
    await app.stop();
    rmSync(dir, { recursive: true });
  });

  test('answers the strict client, plain and encrypted', async () => {
    for (const url of [`http://127.0.0.1:${nginx.port}`, `https://127.0.0.1:${nginx.httpsPort}`]) {
      const load = await startLoad({ url, host: 'shop.test', connections: 10, rate: 200 });
      await sleep(300);
      load.fireIdleNow();
      const report = await load.stop();
      expect(report.losses).toEqual([]);
      expect(report.byRelease).toEqual({ r7: report.sent });
    }
  });

  test('answers h2load over HTTP/2', async () => {
    const report = await runH2load({
      url: `https://127.0.0.1:${nginx.httpsPort}/version`,
      host: 'shop.test',
      clients: 4,
      seconds: 1,
    });
    expect(report).toMatchObject({ protocol: 'h2', failed: 0, errored: 0, timeout: 0, status: { '4xx': 0, '5xx': 0 } });
    expect(report.succeeded).toBeGreaterThan(100);
  });

  test('echoes on WebSockets and streams events', async () => {
    const sockets = await startWebSockets({
      url: `ws://127.0.0.1:${nginx.port}/ws`,
      host: 'shop.test',
      connections: 5,
    });
    const streams = await startEvents({
      url: `http://127.0.0.1:${nginx.port}/events`,
      host: 'shop.test',
      connections: 5,
    });
    await sleep(500);
    expect(await sockets.stop()).toMatchObject({ connections: 5, unanswered: 0, cuts: [] });
    const report = streams.stop();
    expect(report).toMatchObject({ cuts: [], delays: 0, byRelease: { r7: report.events } });
    expect(report.events).toBeGreaterThan(15);
  });
});

test('WebSockets and streams that are cut are seen', async () => {
  const app = await startSample();
  const sockets = await startWebSockets({ url: `ws://127.0.0.1:${app.port}/ws`, connections: 3 });
  const streams = await startEvents({ url: `http://127.0.0.1:${app.port}/events`, connections: 3 });
  await sleep(100);
  await app.stop();
  const report = await sockets.stop();
  expect(report.cuts.map(({ code }) => code)).toEqual([1001, 1001, 1001]);
  expect(streams.stop().cuts).toHaveLength(3);
});

interface Sample {
  readonly port: number;
  stop(): Promise<void>;
}

async function startSample(): Promise<Sample> {
  const port = await freePort();
  const env = { ...process.env, PORT: `${port}`, CUTOVER_RELEASE: 'r7', CUTOVER_SLOT: 'blue' };
  const child: ChildProcess = spawn(process.execPath, ['server.js'], {
    cwd: join(root, 'examples', 'node'),
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout ?? child, 'data');
  const started = remember(child.pid ?? 0);
  return { port, stop: () => end(started) };
}

interface SiteParts {
  readonly port: number;
  readonly httpsPort: number;
  readonly certificate: string;
  readonly key: string;
  readonly app: number;
}

function site({ port, httpsPort, certificate, key, app }: SiteParts): string {
  return `server {
  listen 127.0.0.1:${port};
  listen 127.0.0.1:${httpsPort} ssl http2;
  server_name shop.test;
  # At the end of its 1000 requests nginx says GOAWAY, and h2load counts the streams it had just opened as failed.
  keepalive_requests 1000000;
  ssl_certificate ${certificate};
  ssl_certificate_key ${key};
  location / {
    proxy_pass http://127.0.0.1:${app};
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $http_connection;
    proxy_buffering off;
  }
}
`;
}
