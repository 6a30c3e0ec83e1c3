import type { Host } from '../../../ports.ts';

/** Counts the server's ends of established connections (state 01) to a port: `sl local remote st` (proc(5)). */
const count = `
cat /proc/net/tcp /proc/net/tcp6 2> /dev/null |
  grep -Ec "^ *[0-9]+: [0-9A-F]+:$1 [0-9A-F]+:[0-9A-F]+ 01 "
:`;

export async function connectionsTo(host: Host, port: number): Promise<number> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return Number((await host.run(['sh', '-c', count, 'count', hex])).stdout.trim());
}
