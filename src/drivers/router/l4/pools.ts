import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import type { Member } from '../../../core/member.ts';
import type { Host, Pools } from '../../../ports.ts';
import { callHelper } from './helper.ts';
import { membersOf, placeOf, shownPlace } from './places.ts';

/** What is known of the servers lies in the state directory; who gets traffic, in the kernel. */
export function l4Pools(host: Host, config: Config): Pools {
  const file = path.join(config.state, 'members.json');
  const addresses: Pools['addresses'] = (slot) => membersOf(config, slot).map(shownPlace);
  return {
    addresses,
    async recorded() {
      const text = await host.read(file);
      return text === undefined ? [] : (JSON.parse(text) as readonly Member[]);
    },
    record: (members) => host.write(file, `${JSON.stringify(members, null, 2)}\n`),
    async use(slot, wanted) {
      const numbers = addresses(slot).flatMap((address, index) => (wanted.includes(address) ? [String(index)] : []));
      await callHelper(host, config, 'pool', slot, ...numbers);
    },
    async cut(slot, address) {
      const place = placeOf(address);
      return Number((await callHelper(host, config, 'cut', slot, place.address, String(place.port))).trim() || 0);
    },
  };
}
