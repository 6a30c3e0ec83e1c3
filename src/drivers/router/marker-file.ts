import path from 'node:path';
import { exitCodes, Failure } from '../../core/failure.ts';
import { otherSlot, slots, type Slot } from '../../core/slot.ts';
import { allTo, soleSlot, type Split } from '../../core/split.ts';
import type { Host, SetupAction } from '../../ports.ts';

/** The switch as one empty file that bears the live slot's name: a switch is one rename of it. */
export interface MarkerFile {
  read(): Promise<Split>;
  write(split: Split): Promise<void>;
}

export function markerFile(host: Host, state: string): MarkerFile {
  const marker = (slot: Slot) => path.join(state, 'traffic', slot);

  /** Two looks are not one: a switch in between shows both or none, so what is strange is looked at again. */
  async function read(tries = 3): Promise<Split> {
    const [blue, green] = await Promise.all(slots.map((slot) => host.read(marker(slot))));
    if ((blue === undefined) !== (green === undefined)) return allTo(green === undefined ? 'blue' : 'green');
    if (tries > 1) return read(tries - 1);
    throw unreadable(state, green !== undefined);
  }

  async function write(split: Split): Promise<void> {
    const to = soleSlot(split);
    if (!to) throw new RangeError('this router moves all traffic or none');
    const from = otherSlot(to);
    if ((await host.read(marker(from))) !== undefined) await host.write(marker(to), { move: marker(from) });
  }

  return { read: () => read(), write };
}

export function markerActions(state: string, first: Slot, why: string): readonly SetupAction[] {
  const traffic = path.join(state, 'traffic');
  return [
    { kind: 'directory', path: traffic, mode: 0o755, owner: 'deployer', why },
    {
      kind: 'marker',
      path: path.join(traffic, first),
      unless: path.join(traffic, otherSlot(first)),
      why: 'the switch: its name is the live slot; left alone when it is there',
    },
  ];
}

function unreadable(state: string, both: boolean): Failure {
  const traffic = path.join(state, 'traffic');
  return new Failure({
    code: both ? 'MARKER_BROKEN' : 'NOT_SET_UP',
    exit: both ? exitCodes.needsPerson : exitCodes.configuration,
    what: both
      ? 'two files name a live slot, so nobody can tell which is meant'
      : 'this server is not set up for the app yet',
    why: both ? `both blue and green are in ${traffic}; green is followed` : `neither blue nor green is in ${traffic}`,
    fix: both
      ? `remove the one that is not live from ${traffic}`
      : 'run `cutover setup` once (as root: `sudo cutover setup`)',
  });
}
