import { endpoint } from '../../core/endpoint.ts';
import { slots, type Slot } from '../../core/slot.ts';
import type { Config } from '../../config/config.ts';
import type { LoggedRequest } from '../../ports.ts';

/**
 * One line of our log format. nginx writes a quote inside a value as `\x22`, so quotes only stand around values.
 * Undefined: a line that is none of ours, or was torn.
 */
export function loggedRequest(config: Config, line: string): LoggedRequest | undefined {
  const [, request, middle, , , agent, , passed, , times, , host, end] = line.split('"');
  if (end !== '' || request === undefined || passed === undefined || times === undefined) return undefined;
  const [method = '', target = ''] = request.split(' ');
  const tried = passed.split(', ').map((address) => slotAt(config, address));
  const time = times.split(', ').at(-1) ?? '-';
  const answered = time !== '-';
  return {
    method,
    target,
    host: host ?? '',
    agent: agent ?? '',
    status: Number(middle?.trim().split(' ')[0]),
    slot: tried.at(-1),
    passedOver: tried.slice(0, -1).flatMap((slot) => slot ?? []),
    answered,
    time: answered ? Number(time) * 1000 : undefined,
  };
}

/** A request of our own has a format of its own, without the secret of its path. */
export function isOurOwn(line: string): boolean {
  return line.endsWith('"-" "cutover"');
}

function slotAt(config: Config, address: string): Slot | undefined {
  return slots.find((slot) => endpoint(config, slot) === address);
}
