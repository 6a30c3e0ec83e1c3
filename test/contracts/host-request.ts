import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeCertificate } from '../../lab/certificate.ts';
import { freePort } from '../../lab/free-port.ts';
import { rejection, until } from '../support/until.ts';
import type { HostUnderTest } from './host.ts';

export function hostRequestContract(open: () => Promise<HostUnderTest>): void {
  describe('request', () => {
    requestContract(open);
  });
}

function requestContract(open: () => Promise<HostUnderTest>): void {
  it('answers with status, headers and body, whatever the status', async () => {
    const { host } = await open();
    const url = await serve((request, response) => {
      response.writeHead(503, { 'X-Seen': request.headers['host'] ?? '', 'Set-Cookie': ['a=1', 'b=2'] }).end('한글');
    });
    const answer = await host.request({ url: `${url}/path?x=1`, headers: { host: 'shop.example.com' }, timeout: 5000 });
    expect(answer).toMatchObject({ status: 503, body: '한글' });
    expect(answer.headers).toMatchObject({ 'x-seen': 'shop.example.com', 'set-cookie': 'a=1, b=2' });
  });

  it('does not follow a redirect', async () => {
    const { host } = await open();
    const url = await serve((_, response) => response.writeHead(302, { Location: '/other' }).end());
    expect((await host.request({ url, timeout: 5000 })).status).toBe(302);
  });

  it('uses a connection of its own each time', async () => {
    const { host } = await open();
    const ports = new Set<number>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort ?? 0);
      response.end();
    });
    for (let round = 0; round < 3; round++) await host.request({ url, timeout: 5000 });
    expect(ports.size).toBe(3);
  });

  it('keeps a connection that is to be kept, for each protocol and server', async () => {
    const { host } = await open();
    const ports = new Set<number>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort ?? 0);
      response.end(request.headers['connection'] ?? 'not a word');
    });
    const bodies: string[] = [];
    for (let round = 0; round < 20; round++) {
      bodies.push((await host.request({ url, timeout: 5000, kept: true })).body);
    }
    expect(ports.size).toBe(1);
    expect(new Set(bodies)).toEqual(new Set(['not a word']));
  });

  it('closes a kept connection itself after the last request on it', async () => {
    const { host } = await open();
    const [ports, ended] = [new Set<number>(), new Set<number>()];
    const url = await serve(({ socket }, response) => {
      const port = socket.remotePort ?? 0;
      ports.add(port);
      socket.once('end', () => ended.add(port));
      response.end('whole');
    });
    for (const kept of [true, 'last', true, 'last'] as const)
      expect(await host.request({ url, timeout: 5000, kept })).toMatchObject({ status: 200, body: 'whole' });
    await until(() => ended.size === 2, 5000, 'the end of both connections');
    expect(ended).toEqual(ports);
  });

  it('rejects when nobody listens', async () => {
    const { host } = await open();
    const error = await rejection(host.request({ url: `http://127.0.0.1:${await freePort()}/`, timeout: 5000 }));
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it.each([
    ['no answer', () => undefined],
    ['an answer that does not end', (_, response) => response.writeHead(200).write('x')],
  ] satisfies [string, RequestListener][])('rejects in time at %s', async (_, listener) => {
    const { host } = await open();
    const url = await serve(listener);
    const began = performance.now();
    await rejection(host.request({ url, timeout: 300 }));
    expect(performance.now() - began).toBeGreaterThan(250);
    expect(performance.now() - began).toBeLessThan(3000);
  });

  it('rejects when the connection is cut in the middle', async () => {
    const { host } = await open();
    const url = await serve((_, response) => {
      response.writeHead(200, { 'Content-Length': 100 }).write('half');
      setTimeout(() => response.destroy(), 50);
    });
    expect(await rejection(host.request({ url, timeout: 5000 }))).toBeInstanceOf(Error);
  });

  it('rejects at once when it is called off', async () => {
    const { host } = await open();
    const url = await serve(() => undefined);
    const began = performance.now();
    await rejection(host.request({ url, timeout: 20_000, signal: AbortSignal.timeout(100) }));
    await rejection(host.request({ url, timeout: 20_000, signal: AbortSignal.abort() }));
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it('reads the first 64 KiB of a body that has no end', async () => {
    const { host } = await open();
    const url = await serve((_, response) => {
      const pour = (): void => {
        while (response.write('x'.repeat(10_000)));
      };
      response.on('drain', pour);
      pour();
    });
    const { body } = await host.request({ url, timeout: 5000 });
    expect(body.length).toBe(64 * 1024);
  });

  it('asks over TLS, by name, and takes any certificate', async () => {
    const { host } = await open();
    const folder = await mkdtemp(path.join(tmpdir(), 'cutover-certificate-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const { certificate, key } = await makeCertificate(folder, ['shop.example.com']);
    const server = createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (request, response) => {
      response.end(String((request.socket as { servername?: string }).servername));
    });
    const url = (await listening(server)).replace('http:', 'https:');
    const answer = await host.request({ url, headers: { host: 'shop.example.com:8443' }, timeout: 5000 });
    expect(answer.body).toBe('shop.example.com');
  });
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  onTestFinished(() => server.closeAllConnections());
  return listening(server);
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((go) => server.listen(0, '127.0.0.1', go));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
