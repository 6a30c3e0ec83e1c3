import type { FrontDoorAnswer, Inspection } from '../ports.ts';
import { exitCodes, Failure } from './failure.ts';
import { deploymentsOf, recordedLive, unfinishedOf, type Deployment } from './journal.ts';
import type { Release } from './release.ts';
import type { Slot } from './slot.ts';
import { soleSlot, type Split } from './split.ts';
import type { World } from './world.ts';

/** What is, from the three witnesses: the records, the router and the processes. */
export interface View {
  /** How closely it was looked; with `alive` the ports of slots are not known. */
  depth: 'alive' | 'full';
  /** From the router. */
  split: Split;
  /** Slot that gets all the traffic; undefined while nothing was ever deployed. */
  live: Slot | undefined;
  slots: Readonly<Record<Slot, Inspection>>;
  frontDoor: FrontDoorAnswer;
  deployments: readonly Deployment[];
  releases: readonly Release[];
  /** Position in the front door's log at this look. */
  mark: string | undefined;
  /** Begun and not ended: its tool was killed, or it is running now. */
  unfinished: Deployment | undefined;
  /** What the witnesses contradict each other in; empty when they agree. */
  disagreements: readonly string[];
}

/** `alive` leaves out what costs time: memory, ports, and who else listens on them. */
export async function look(
  { router, runtime, store, traffic }: World,
  depth: 'alive' | 'full' = 'full',
): Promise<View> {
  const [split, frontDoor, blue, green, journal, releases, mark] = await Promise.all([
    router.read(),
    router.ask(),
    runtime.inspect('blue', depth),
    runtime.inspect('green', depth),
    store.journal(),
    store.releases(),
    traffic?.mark(),
  ]);
  const deployments = deploymentsOf(journal);
  const seen = { depth, split, frontDoor, slots: { blue, green }, deployments, releases, mark };
  const unfinished = unfinishedOf(deployments);
  return { ...seen, live: liveSlot(seen), unfinished, disagreements: unfinished ? [] : disagreementsOf(seen) };
}

type Seen = Omit<View, 'live' | 'unfinished' | 'disagreements'>;

/**
 * Before the first release the router points somewhere too, but nothing is live; unless the
 * application runs there already, started by the script that cutover takes over from.
 */
function liveSlot({ split, slots: inspected, deployments }: Seen): Slot | undefined {
  const slot = soleSlot(split);
  const known = recordedLive(deployments) !== undefined;
  return slot && (known || inspected[slot].release !== undefined || inspected[slot].taken) ? slot : undefined;
}

function disagreementsOf({ split, frontDoor, slots: inspected, deployments }: Seen): readonly string[] {
  const recorded = recordedLive(deployments);
  const routed = soleSlot(split);
  const found: string[] = [];
  if (recorded?.live && routed !== recorded.live)
    found.push(
      `the records say ${recorded.live} is live, the router sends the traffic to ${routed ?? sharedText(split)}`,
    );
  if (frontDoor.slot && routed && frontDoor.slot !== routed)
    found.push(`the router's file says ${routed}, but ${frontDoor.slot} answers at the front door`);
  const held = routed && inspected[routed].release;
  if (recorded?.live && routed === recorded.live && held !== undefined && held !== recorded.release)
    found.push(
      `the records say release ${recorded.release ?? '?'} is live in ${routed}, but ${routed} runs release ${held}`,
    );
  if (recorded && routed && inspected[routed].taken)
    found.push(`a process that is not ours listens on the port of ${routed}`);
  return found;
}

/** A command that changes something goes on only when all witnesses tell the same. */
export function mustAgree({ disagreements, split }: View): void {
  if (disagreements.length === 0) return;
  throw new Failure({
    code: 'DISAGREEMENT',
    exit: exitCodes.needsPerson,
    what: 'records, router and processes do not agree, so nothing was touched',
    why: disagreements.join('\n'),
    traffic: trafficText(split, undefined),
    fix: `see \`cutover status\`; then ${wayOut(split)}`,
  });
}

export function wayOut(split: Split): string {
  if (sharedText(split) === 'nobody') return '`cutover recover --trust records` puts the rules back';
  return '`cutover recover --trust router` or `--trust records`, once you know which is right';
}

/** No slot has all of it. */
export function sharedText({ blue, green }: Split): string {
  return blue + green === 0 ? 'nobody' : 'both';
}

export function trafficText(split: Split, release: string | undefined): string {
  const sole = soleSlot(split);
  if (split.blue + split.green === 0) return 'nobody is reached: the rules of the router are gone';
  const shares = sole ? `100 % on ${sole}` : `${split.blue} % on blue, ${split.green} % on green`;
  return release ? `${shares} (release ${release})` : shares;
}
