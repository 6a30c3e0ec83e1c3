import type { Config } from '../../../config/config.ts';
import type { Slot } from '../../../core/slot.ts';
import type { Connections, Host } from '../../../ports.ts';
import { nginxPlace } from './place.ts';

/** Counts established connections (state 01), `sl local remote st` (proc(5)), whose local or remote end fits. */
const count = `
cat /proc/net/tcp /proc/net/tcp6 2> /dev/null | grep -Ec "^ *[0-9]+: $1 $2 01 "
:`;
const any = '[0-9A-F]+:[0-9A-F]+';

/**
 * Address from which nginx connects for what has no end: WebSockets and event streams. All of 127.0.0.0/8 is this
 * machine, so these connections can be told apart from those of ordinary requests.
 */
export const streamSource = '127.0.0.2';

/** Slots that nginx reaches at 127.0.0.1, from a site that is ours. */
export function marksStreams({ router, container }: Config): boolean {
  return router.mode === 'managed' && router.container === undefined && container.addresses === undefined;
}

/** The server's ends on the published port; nginx's ends where it passes to the address of a container. */
export async function connectionsTo(host: Host, config: Config, slot: Slot): Promise<Connections> {
  const { addresses, port } = config.container;
  if (addresses && port) {
    const words = ['sh', '-c', count, 'count', any, `${littleEndian(addresses[slot])}:${hex(port, 4)}`];
    return { open: Number((await nginxPlace(host, config).run(words)).stdout.trim()) };
  }
  const listed = await host.run(['ss', '-tinHO', 'state', 'established', `( sport = :${config.slots[slot]} )`]);
  if (listed.code === 0) return socketsIn(listed.stdout, marksStreams(config));
  const local = `[0-9A-F]+:${hex(config.slots[slot], 4)}`;
  return { open: Number((await host.run(['sh', '-c', count, 'count', local, any])).stdout.trim()) };
}

/**
 * A line each (ss(8)): `0 0 LOCAL REMOTE … lastsnd:MS lastrcv:MS …`. A server that has received something since it
 * last sent has a request to answer.
 */
export function socketsIn(listed: string, marked: boolean): Connections {
  const sockets = listed.split('\n').filter((line) => line.trim() !== '');
  const isStream = (line: string) => new RegExp(`[ :\\[]${streamSource.replaceAll('.', '\\.')}\\]?:\\d+ `).test(line);
  const streams = sockets.filter(isStream);
  const waiting = sockets.filter((line) => !isStream(line) && since(line, 'lastrcv') < since(line, 'lastsnd'));
  return { open: sockets.length, waiting: waiting.length, ...(marked ? { streams: streams.length } : {}) };
}

function since(line: string, what: 'lastsnd' | 'lastrcv'): number {
  return Number(new RegExp(`${what}:(\\d+)`).exec(line)?.[1] ?? 0);
}

/** As the kernel writes an IPv4 address. */
function littleEndian(address: string): string {
  return address
    .split('.')
    .toReversed()
    .map((part) => hex(Number(part), 2))
    .join('');
}

function hex(number: number, digits: number): string {
  return number.toString(16).toUpperCase().padStart(digits, '0');
}
