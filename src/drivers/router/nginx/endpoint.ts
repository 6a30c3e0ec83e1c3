import type { Config } from '../../../config/config.ts';
import type { Slot } from '../../../core/slot.ts';

/** `address:port` at which nginx reaches a slot: its published port, or its container itself. */
export function endpoint({ container, slots }: Config, slot: Slot): string {
  const { addresses, port } = container;
  return addresses && port ? `${addresses[slot]}:${port}` : `127.0.0.1:${slots[slot]}`;
}
