import type { Config } from '../../../config/config.ts';
import type { Host } from '../../../ports.ts';
import { publicPlaces } from './places.ts';

/**
 * An address at which the public reaches this machine. Not 127.0.0.1, where an application that
 * listens there alone would answer us, and nobody else.
 */
export async function publicAddress(host: Host, config: Config): Promise<string> {
  const named = publicPlaces(config).find(({ family }) => family !== 'any');
  if (named) return bracketed(named.address);
  const { stdout } = await host.run(['hostname', '-I']);
  return bracketed(stdout.trim().split(/\s+/)[0] || '127.0.0.1');
}

/** Where one request tells which slot the public reaches. */
export async function publicUrl(host: Host, config: Config): Promise<string> {
  const { frontDoor } = config.router;
  if (frontDoor) return frontDoor;
  return `http://${await publicAddress(host, config)}:${publicPlaces(config)[0]?.port ?? 80}`;
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
