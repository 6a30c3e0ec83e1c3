import { Agent, request } from 'node:http';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { LoadReport } from '../../lab/strict-client.ts';
import { createStand, mustBeDone, type Stand } from '../support/stand.ts';

const picky = fileURLToPath(new URL('../support/picky', import.meta.url));
const idle = 300;
const clientCount = 20;

/**
 * POSTs, each from a client of its own with a path of its own, so far apart that the application is
 * about to close the connection. No retries: whatever is not answered 200 with its own body is lost.
 */
async function aboutAt(
  url: string,
  apart: number,
  rounds: number,
  host = 'careless',
): Promise<{ sent: number; lost: number }> {
  const clients = Array.from({ length: clientCount }, async (_, client) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let lost = 0;
    for (let round = 0; round < rounds; round++) {
      if (!(await post(`${url}/${client}`, host, `${client} ${round}`, agent))) lost += 1;
      await sleep(apart - Math.random() * 16);
    }
    agent.destroy();
    return lost;
  });
  const lost = (await Promise.all(clients)).reduce((sum, each) => sum + each, 0);
  return { sent: clientCount * rounds, lost };
}

function post(url: string, host: string, body: string, agent: Agent): Promise<boolean> {
  return new Promise((resolve) => {
    const sending = request(url, { method: 'POST', agent, headers: { host } }, (answer) => {
      let text = '';
      answer.on('data', (part: Buffer) => (text += part.toString()));
      answer.on('error', () => resolve(false));
      answer.on('end', () => resolve(answer.statusCode === 200 && text === body));
    });
    sending.on('error', () => resolve(false));
    sending.end(body);
  });
}

/** POSTs so many that each connection comes to its limit again and again. */
async function floodAt(url: string, host?: string): Promise<LoadReport> {
  const load = await startLoadProcess({
    url,
    ...(host ? { host } : {}),
    connections: 16,
    idle: 0,
    rate: 600,
    posts: 1,
  });
  await sleep(6000);
  return load.stop();
}

function said(what: string, { lost, sent }: { lost: number; sent: number }): void {
  console.log(`${what}: ${lost} of ${sent} POSTs lost`);
}

describe.each(['debian', 'current'] as const)(
  'upstream keep-alive of an application with little patience (nginx %s)',
  (nginx) => {
    let stand: Stand;
    let careless: string;

    beforeAll(async () => {
      stand = await createStand({
        nginx,
        artifact: picky,
        config: 'run: node server.mjs\nupstream: { keepalive: 32, idle: 150ms, requests: 15 }\nhealth: { path: / }',
      });
      mustBeDone(await stand.cutover('deploy'));
      careless = `http://127.0.0.1:${stand.nginx.httpsPort}`;
      const limits = 'keepalive 32; keepalive_timeout 60s; keepalive_requests 100000;';
      const names = ['', ...Array.from({ length: clientCount }, (_, client) => String(client))];
      const upstreams = names.map(
        (name) => `upstream careless${name} { server 127.0.0.1:${stand.ports.blue}; ${limits} }`,
      );
      const locations = names.map((name) => `location /${name} { proxy_pass http://careless${name}; }`);
      const server = `listen 127.0.0.1:${stand.nginx.httpsPort}; proxy_http_version 1.1; proxy_set_header Connection "";`;
      const site = [...upstreams, `server { ${server}`, ...locations, '}'].join('\n');
      writeFileSync(path.join(stand.nginx.confDir, 'careless.conf'), `${site}\n`);
      await stand.nginx.reload();
      await sleep(500);
    });

    afterAll(async () => stand?.stop());

    it('loses no POST at its idle timeout, where limits above it lose some', async () => {
      const [ours, theirs] = await Promise.all([aboutAt(stand.url, idle, 30, stand.host), aboutAt(careless, idle, 30)]);
      said(`nginx ${nginx}, at an idle timeout of ${idle} ms, limits below it`, ours);
      said(`nginx ${nginx}, at an idle timeout of ${idle} ms, limits above it`, theirs);
      expect(ours.lost).toBe(0);
      expect(theirs.lost).toBeGreaterThan(0);
    });

    it('loses no POST at its limit of requests, where limits above it lose some', async () => {
      const [ours, theirs] = await Promise.all([floodAt(stand.url, stand.host), floodAt(careless)]);
      said(`nginx ${nginx}, at a limit of 20 requests, limits below it`, ours);
      said(`nginx ${nginx}, at a limit of 20 requests, limits above it`, theirs);
      expect(ours.losses).toEqual([]);
      expect(ours.answered).toBeGreaterThan(2000);
      expect(theirs.lost).toBeGreaterThan(0);
    });

    it('tells the application who asked, how, and for what', async () => {
      const headers = { host: stand.host, connection: 'close', 'x-forwarded-for': '192.0.2.1' };
      const answer = await fetch(`${stand.url}/headers`, { headers });
      expect(await answer.json()).toMatchObject({
        'x-forwarded-for': '192.0.2.1, 127.0.0.1',
        'x-forwarded-proto': 'http',
        'x-forwarded-port': String(stand.nginx.port),
        'x-real-ip': '127.0.0.1',
      });
    });
  },
);

// Hardly anything happens in these seconds, so one does not disturb the other.
it.concurrent.each([5005, 6005])(
  'no POST is lost at the idle timeout of Node (5 s, or 6 s where it has a buffer: %i ms) with the limits that cutover knows',
  async (apart) => {
    const stand = await createStand({ config: 'health: { path: /health }' });
    try {
      mustBeDone(await stand.cutover('deploy'));
      const report = await aboutAt(`${stand.url}/echo?`, apart, 2, stand.host);
      said('at the idle timeout of Node', report);
      expect(report).toEqual({ sent: 40, lost: 0 });
    } finally {
      await stand.stop();
    }
  },
);
