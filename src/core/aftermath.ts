import { asFailure, exitCodes, Failure } from './failure.ts';
import type { Begin } from './journal.ts';
import type { Step } from './plan.ts';
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
  const seen = sole && (await world.runtime.inspect(sole, 'alive').catch(() => undefined));
  const unchanged = sole === soleSlot(begin.before) ? '. Nothing your users see has changed.' : '';
  const evicted = done.some((step) => step.do === 'stop' && step.slot === begin.to);
  const started = done.some((step) => step.do === 'start');
  const left = [
    started ? `${begin.to ?? ''} (release ${begin.release ?? ''}) is stopped; its log is kept` : 'nothing',
    evicted ? `the standby that was in ${begin.to ?? ''} made room; \`cutover rollback\` starts it again` : '',
  ];
  return { traffic: `${trafficText(split, seen?.release)}${unchanged}`, left: left.filter(Boolean).join('; ') };
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
