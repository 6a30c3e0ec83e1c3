import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ensureProgram } from '../../lab/apt.ts';
import { freePort } from '../../lab/free-port.ts';
import type { Contender, Ports } from './contender.ts';
import { startProgram, workDirectory } from './program.ts';

/** A map in HAProxy's memory names the backend; one line on its socket changes the entry. */
export function startHaproxy(ports: Ports): Promise<Contender> {
  return start(ports, 'http');
}

/** The same for connections, whatever is spoken on them. */
export function startHaproxyTcp(ports: Ports): Promise<Contender> {
  return start(ports, 'tcp');
}

async function start(ports: Ports, mode: 'http' | 'tcp'): Promise<Contender> {
  const haproxy = await ensureProgram('haproxy', 'haproxy');
  const dir = workDirectory('haproxy');
  const url = `http://127.0.0.1:${await freePort()}`;
  const map = join(dir, 'live.map');
  const socket = join(dir, 'socket');
  writeFileSync(map, 'live blue\n');
  writeFileSync(join(dir, 'haproxy.cfg'), configuration(new URL(url).host, map, socket, ports, mode));
  const program = await startProgram([haproxy, '-db', '-f', join(dir, 'haproxy.cfg')], dir, url);
  return {
    ...program,
    name: mode === 'http' ? 'HAProxy' : 'HAProxy, tcp',
    how: '`set map` on its runtime socket',
    url,
    switchTo: (slot) => command(socket, `set map ${map} live ${slot}`),
  };
}

function configuration(address: string, map: string, socket: string, ports: Ports, mode: 'http' | 'tcp'): string {
  return `global
  stats socket ${socket} mode 600 level admin
  nbthread 2
defaults
  mode ${mode}
  timeout client 60s
  timeout server 60s
  timeout connect 5s
${mode === 'http' ? '  option forwardfor\n' : ''}frontend front
  bind ${address}
  use_backend %[str(live),map(${map})]
backend blue
  server one 127.0.0.1:${ports.blue}
backend green
  server one 127.0.0.1:${ports.green}
`;
}

async function command(path: string, line: string): Promise<void> {
  const socket = connect(path);
  socket.end(`${line}\n`);
  const said = (await text(socket)).trim();
  if (said !== '') throw new Error(`HAProxy: ${said}`);
}
