import type { Config } from '../config/config.ts';
import type { Slot } from './slot.ts';

/** `address:port` at which nginx and the probe reach a slot: its own address on a private network, or its port on this machine. */
export function endpoint({ container, slots }: Config, slot: Slot, here = '127.0.0.1'): string {
  const { addresses, port } = container;
  return addresses && port ? `${addresses[slot]}:${port}` : `${here}:${slots[slot]}`;
}
