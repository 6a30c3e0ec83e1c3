import type { Config } from '../../../config/config.ts';
import type { Slot } from '../../../core/slot.ts';
import { slotAt } from './places.ts';

interface Ends {
  readonly to: string;
  readonly answeredBy: string;
  readonly slot: Slot | undefined;
}

/**
 * Slot that a connection was led to, from what `conntrack -L` tells of its source; undefined when that does
 * not tell one. The same source port may have gone straight to a slot (a health check) or elsewhere before:
 * the kernel remembers that for two minutes, and nobody led it.
 */
export function slotOfFlow(config: Config, listing: string): Slot | undefined {
  const led = listing
    .split('\n')
    .map((line) => endsOf(config, line))
    .filter(({ to, answeredBy, slot }) => slot !== undefined && to !== answeredBy);
  const found = new Set(led.map(({ slot }) => slot));
  return found.size === 1 ? led[0]?.slot : undefined;
}

/** Each line has two directions, and each of them `src= dst= sport= dport=`. */
function endsOf(config: Config, line: string): Ends {
  const [asked = {}, answered = {}] = [
    ...line.matchAll(/src=(?<src>\S+) dst=(?<dst>\S+) sport=(?<sport>\d+) dport=(?<dport>\d+)/g),
  ].map(({ groups }) => groups ?? {});
  return {
    to: `${asked['dst']} ${asked['dport']}`,
    answeredBy: `${answered['src']} ${answered['sport']}`,
    slot: slotAt(config, { address: answered['src'] ?? '', port: Number(answered['sport']) }),
  };
}
