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
  const unchanged = begin.from && sole === begin.from ? '. Nothing your users see has changed.' : '';
  const nobody = seen?.state !== 'running' && unchanged === '' ? ', where nothing runs yet' : '';
  return { traffic: `${trafficText(split, seen?.release)}${nobody}${unchanged}`, left: whatIsLeft(begin, done) };
}

function whatIsLeft({ to, release, evicted }: Begin, done: readonly Step[]): string {
  if (!to) return 'what was started is left as it is; the next command goes on from there';
  const started = done.some((step) => step.do === 'start');
  const stopped = done.some((step) => step.do === 'stop' && step.slot === to);
  const left = [
    started ? `${to} (release ${release ?? '?'}) is stopped; its log is kept` : 'nothing',
    stopped && evicted ? `release ${evicted} made room in ${to}; \`cutover rollback ${evicted}\` starts it again` : '',
  ];
  return left.filter(Boolean).join('; ');
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
