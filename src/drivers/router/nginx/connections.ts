import type { Config } from '../../../config/config.ts';
import type { Slot } from '../../../core/slot.ts';
import type { Host } from '../../../ports.ts';
import { nginxPlace } from './place.ts';

/** Counts established connections (state 01), `sl local remote st` (proc(5)), whose local or remote end fits. */
const count = `
cat /proc/net/tcp /proc/net/tcp6 2> /dev/null | grep -Ec "^ *[0-9]+: $1 $2 01 "
:`;
const any = '[0-9A-F]+:[0-9A-F]+';

/** The server's ends on the published port; nginx's ends where it passes to the address of a container. */
export async function connectionsTo(host: Host, config: Config, slot: Slot): Promise<number> {
  const { addresses, port } = config.container;
  if (addresses && port) {
    const words = ['sh', '-c', count, 'count', any, `${littleEndian(addresses[slot])}:${hex(port, 4)}`];
    return Number((await nginxPlace(host, config).run(words)).stdout.trim());
  }
  const local = `[0-9A-F]+:${hex(config.slots[slot], 4)}`;
  return Number((await host.run(['sh', '-c', count, 'count', local, any])).stdout.trim());
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
