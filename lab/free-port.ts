import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/**
 * A TCP port that nobody uses and that no other caller gets, in any process, until this process ends.
 * It lies outside the ephemeral range, so that no outgoing connection takes it either.
 */
export async function freePort(): Promise<number> {
  const { first, count } = range();
  const start = Math.floor(Math.random() * count);
  for (let i = 0; i < count; i += 1) {
    const port = first + ((start + i) % count);
    if ((await claim(port)) && (await canListen(port))) return port;
  }
  throw new Error(`no free port from ${first} to ${first + count - 1}`);
}

/** That many of them, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  return ports;
}

const claims: Socket[] = [];

function range(): { first: number; count: number } {
  const said = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number);
  const [low = 32_768, high = 60_999] = said;
  if (low >= 15_000) return { first: 10_000, count: low - 10_000 };
  return { first: high + 1, count: Math.max(0, 65_535 - high) };
}

/** The claim is a UDP socket of the same number: the kernel gives it to one process, and takes it back when that dies. */
async function claim(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  socket.unref();
  try {
    socket.bind({ port, address: '127.77.0.1', exclusive: true });
    await once(socket, 'listening');
    claims.push(socket);
    return true;
  } catch {
    socket.close();
    return false;
  }
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host: '0.0.0.0', exclusive: true });
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
}
