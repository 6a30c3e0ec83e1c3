import { asFailure, exitCodes, Failure } from './failure.ts';
import type { Inspection } from '../ports.ts';
import type { Begin } from './journal.ts';
import type { Step } from './plan.ts';
import type { Slot } from './slot.ts';
import { soleSlot } from './split.ts';
import { trafficText } from './view.ts';
import type { World } from './world.ts';

/** Where the traffic is now, and what is left behind, for the person who reads the failure. */
export async function whereThingsAre(
  world: World,
  begin: Begin,
  done: readonly Step[],
): Promise<{ traffic: string; left: string }> {
  const split = await world.router.read().catch(() => begin.before);
  const sole = soleSlot(split);
  const [seen, target] = await Promise.all([seenIn(world, sole), seenIn(world, begin.to)]);
  const back = begin.from && sole === begin.from ? whatWasSeen(begin, done) : '';
  const who = back || (sole ? whoAnswers(seen) : '');
  return { traffic: `${trafficText(split, seen?.release)}${who}`, left: whatIsLeft(begin, done, target) };
}

function whatWasSeen({ to, release }: Begin, done: readonly Step[]): string {
  const shared = done.some((step) => step.do === 'shift' && to && step.split[to] > 0);
  return shared
    ? `. Release ${release} may have answered some of your users meanwhile.`
    : '. Nothing your users see has changed.';
}

/** Undefined: it cannot be asked now, as when an engine went away. */
async function seenIn({ runtime }: World, slot: Slot | undefined): Promise<Inspection | undefined> {
  return slot && runtime.inspect(slot, 'alive').catch(() => undefined);
}

function whoAnswers(seen: Inspection | undefined): string {
  if (!seen) return ', and whether it runs cannot be seen now';
  return seen.state === 'running' ? '' : ', where nothing runs yet';
}

function whatIsLeft({ to, release, evicted }: Begin, done: readonly Step[], target: Inspection | undefined): string {
  if (!to) return 'what was started is left as it is; the next command goes on from there';
  const started = done.some((step) => step.do === 'start');
  const stopped = done.some((step) => step.do === 'stop' && step.slot === to);
  const left = [
    started ? `${to} (release ${release ?? '?'}) ${becameOf(target)}` : 'nothing',
    stopped && evicted ? `release ${evicted} made room in ${to}; \`cutover rollback ${evicted}\` starts it again` : '',
  ];
  return left.filter(Boolean).join('; ');
}

function becameOf(target: Inspection | undefined): string {
  if (!target) return 'was started, and whether it runs cannot be seen now; `cutover recover` puts that right';
  return target.state === 'running' ? 'runs on' : 'is stopped; its log is kept';
}

export function foreseen(error: unknown, signal: AbortSignal): Failure {
  if (!signal.aborted) return asFailure(error);
  return new Failure({
    code: 'INTERRUPTED',
    exit: exitCodes.interrupted,
    what: `interrupted by ${String(signal.reason)}`,
  });
}

export function noWayBack({ from }: Begin): Failure {
  return new Failure({
    code: 'NO_WAY_BACK',
    exit: exitCodes.needsPerson,
    what: `traffic stays where it is: ${from ?? 'the old slot'} does not run any more`,
  });
}
