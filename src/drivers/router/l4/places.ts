import { isIPv6 } from 'node:net';
import type { Config } from '../../../config/config.ts';
import { slots, type Slot } from '../../../core/slot.ts';

/** An end of a connection as the rules name it. `any`: whatever address of this machine the client had chosen. */
export interface Place {
  readonly family: 'any' | '4' | '6';
  readonly address: string;
  readonly port: number;
}

/** Where the public comes to. */
export function publicPlaces({ router }: Config): readonly Place[] {
  return router.listen.map(placeOf);
}

/** What runs in a slot: a port of this machine, or servers behind it. */
export function membersOf({ router, slots: ports }: Config, slot: Slot): readonly Place[] {
  const members = router.l4.pools?.[slot];
  return members ? members.map(placeOf) : [{ family: 'any', address: '*', port: ports[slot] }];
}

/** The slot whose member a connection was led to. */
export function slotAt(config: Config, { address, port }: { address: string; port: number }): Slot | undefined {
  const isIt = (member: Place) =>
    member.port === port && (member.family === 'any' || sameAddress(member.address, address));
  return slots.find((slot) => membersOf(config, slot).some(isIt));
}

/** `80`, `*:80`, `10.0.0.1:80`, `[fd00::1]:80`. */
export function placeOf(written: string): Place {
  const [, host = '*', port = ''] = /^(?:(.*):)?(\d+)$/.exec(written) ?? [];
  const address = host.replace(/^\[(.*)\]$/, '$1');
  if (address === '*' || address === 'localhost') return { family: 'any', address: '*', port: Number(port) };
  return { family: isIPv6(address) ? '6' : '4', address, port: Number(port) };
}

export function shownPlace({ family, address, port }: Place): string {
  return `${family === '6' ? `[${address}]` : address}:${port}`;
}

function sameAddress(a: string, b: string): boolean {
  return a === b || (isIPv6(a) && isIPv6(b) && canonical(a) === canonical(b));
}

/** `fd00:0::1` and `fd00::1` are one. */
function canonical(address: string): string {
  return new URL(`http://[${address}]`).hostname;
}
