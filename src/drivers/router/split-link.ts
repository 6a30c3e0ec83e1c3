import path from 'node:path';
import { exitCodes, Failure } from '../../core/failure.ts';
import { otherSlot, type Slot } from '../../core/slot.ts';
import { soleSlot, type Split } from '../../core/split.ts';
import type { Host, SetupAction } from '../../ports.ts';
import { markerFile, type MarkerFile } from './marker-file.ts';

/*
 * The switch where traffic can be shared. nginx looks for a file that bears the number of the client's bucket,
 * 0 to 99, in the folder that this link names:
 *   traffic/current -> splits/025-green     the files 0 to 24, `preview` and `sticky`
 * What is there goes to green. The word after the number is where previews are led: the slot that gets less.
 */

/** Percent on green, and the slot that previews reach. */
interface Place {
  readonly green: number;
  readonly preview: Slot;
}

/** `sticky` is there while clients have to be told apart. */
const makePlace = `
mkdir -p -m 755 -- "$1" && cd -- "$1" || exit
bucket=0
while [ "$bucket" -lt "$2" ]; do : > "$bucket" || exit; bucket=$((bucket + 1)); done
[ "$3" != green ] || : > preview || exit
[ "$2" = 0 ] || [ "$2" = 100 ] || : > sticky || exit
sync -f .`;

export function splitLink(host: Host, state: string): MarkerFile {
  const traffic = path.join(state, 'traffic');
  const marker = markerFile(host, state);

  async function read(): Promise<Split> {
    const { green } = await placeNow(host, traffic);
    return { blue: 100 - green, green };
  }

  /** The marker is kept in step: it is what a site looks at that shares no traffic. */
  async function write(split: Split): Promise<void> {
    const place = placeFor(split, await placeNow(host, traffic));
    const made = await host.run(makeArgv(traffic, place));
    if (made.code !== 0) throw new Error(made.stderr.trim() || `${traffic} cannot be written`);
    await host.write(path.join(traffic, 'current'), { link: nameOf(place) });
    if (soleSlot(split)) await marker.write(split);
  }

  return { read, write };
}

async function placeNow(host: Host, traffic: string): Promise<Place> {
  const link = await host.read(path.join(traffic, 'current'), { link: true });
  const [, green, preview] = /^splits\/(0\d\d|100)-(blue|green)$/.exec(link ?? '') ?? [];
  if (preview === 'blue' || preview === 'green') return { green: Number(green), preview };
  throw new Failure({
    code: link === undefined ? 'NOT_SET_UP' : 'MARKER_BROKEN',
    exit: link === undefined ? exitCodes.configuration : exitCodes.needsPerson,
    what: link === undefined ? 'nginx is not set up to share traffic yet' : 'the switch names no split of ours',
    why: `${path.join(traffic, 'current')} ${link === undefined ? 'does not exist' : `points to ${link}`}`,
    fix: link === undefined ? '`cutover setup` does it, with one reload' : '`cutover setup` makes it anew',
  });
}

/** While traffic is shared previews go where they went; else to the slot that has none. */
function placeFor({ green, blue }: Split, now: Place): Place {
  const sole = soleSlot({ green, blue });
  return { green, preview: sole ? otherSlot(sole) : now.preview };
}

function nameOf({ green, preview }: Place): string {
  return `splits/${String(green).padStart(3, '0')}-${preview}`;
}

function makeArgv(traffic: string, place: Place): readonly string[] {
  return ['sh', '-c', makePlace, 'make-split', path.join(traffic, nameOf(place)), String(place.green), place.preview];
}

/** All traffic on a slot, as `setup` leaves it: what is there already stays. */
export function splitActions(state: string, live: Slot): readonly SetupAction[] {
  const traffic = path.join(state, 'traffic');
  const place: Place = { green: live === 'green' ? 100 : 0, preview: otherSlot(live) };
  const why = 'what nginx looks at, one folder for each way to share the traffic';
  return [
    { kind: 'directory', path: path.join(traffic, 'splits'), mode: 0o755, owner: 'deployer', why },
    { kind: 'link', path: path.join(traffic, 'current'), target: nameOf(place), why: 'the switch: where traffic goes' },
    { kind: 'apply', argv: makeArgv(traffic, place), asDeployer: true, why: `all of it to ${live}` },
  ];
}
