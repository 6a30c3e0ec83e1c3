import path from 'node:path';
import type { Config } from '../../../config/config.ts';
import { exitCodes, Failure } from '../../../core/failure.ts';
import { otherSlot, slots, type Slot } from '../../../core/slot.ts';
import { allTo, soleSlot, type Split } from '../../../core/split.ts';
import type { Host, Router } from '../../../ports.ts';
import { connectionsTo } from './connections.ts';
import { askFrontDoor } from './front-door.ts';
import { installMarker } from './install.ts';
import { frontDoorToken } from './token.ts';

/**
 * `managed` and `adopted`: one empty file bears the live slot's name, nginx looks for `green` at every
 * request, and a switch is one rename of that file. No reload, no privilege, no moment in between.
 */
export default function markerRouter(host: Host, config: Config): Router {
  const marker = (slot: Slot) => path.join(config.state, 'traffic', slot);

  /** Two looks are not one: a switch in between shows both or none, so what is strange is looked at again. */
  async function read(tries = 3): Promise<Split> {
    const [blue, green] = await Promise.all(slots.map((slot) => host.read(marker(slot))));
    if ((blue === undefined) !== (green === undefined)) return allTo(green === undefined ? 'blue' : 'green');
    if (tries > 1) return read(tries - 1);
    throw unreadable(config.state, green !== undefined);
  }

  async function write(split: Split): Promise<void> {
    const to = soleSlot(split);
    if (!to) throw new RangeError('this router moves all traffic or none');
    const from = otherSlot(to);
    if ((await host.read(marker(from))) !== undefined) await host.write(marker(to), { move: marker(from) });
  }

  return {
    name: `nginx (${config.router.mode})`,
    granularity: 100,
    read: () => read(),
    write,
    ask: async (signal) => askFrontDoor(host, config, await frontDoorToken(host, config.state), signal),
    connections: (slot) => connectionsTo(host, config, slot),
    install: () => installMarker(host, config),
  };
}

function unreadable(state: string, both: boolean): Failure {
  const traffic = path.join(state, 'traffic');
  return new Failure({
    code: both ? 'MARKER_BROKEN' : 'NOT_SET_UP',
    exit: both ? exitCodes.needsPerson : exitCodes.configuration,
    what: both
      ? 'two files name a live slot, so nobody can tell which is meant'
      : 'this server is not set up for the app yet',
    why: both
      ? `both blue and green are in ${traffic}; nginx follows green`
      : `neither blue nor green is in ${traffic}`,
    fix: both
      ? `remove the one that is not live from ${traffic}`
      : 'run `cutover setup` once (as root: `sudo cutover setup`)',
  });
}
