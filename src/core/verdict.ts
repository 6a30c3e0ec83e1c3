import { humanDuration } from '../lib/duration.ts';
import { chance, worseIn, type Comparison, type Kind } from './comparison.ts';
import type { Counts } from './evidence.ts';
import { Failure, type FailureFields } from './failure.ts';
import { otherSlot } from './slot.ts';

const mendIt = 'see `cutover logs` of the release, mend it, then deploy again';

export function takenBack({
  code,
  what,
  why,
  fix = mendIt,
}: Pick<FailureFields, 'code' | 'what' | 'why' | 'fix'>): Failure {
  return new Failure({ code, what: `the new release is taken back: ${what}`, why, fix });
}

/** A release that is not worse gets here in fewer than one of two thousand deploys. */
export function mustNotBeWorse(comparison: Comparison): void {
  const kind = worseIn(comparison);
  if (kind === undefined) return;
  const { fresh, old, limit } = comparison.kinds[kind];
  const { slot, slowAt = 0 } = comparison;
  const what = {
    reads: 'its answers to GET and HEAD are errors more often',
    writes: 'its answers to POST, PUT and the like are errors more often',
    slow: `it answers slowly more often (over ${Math.round(slowAt)} ms)`,
  }[kind];
  const seen = `${slot}: ${shareText(fresh, kind)}; ${otherSlot(slot)}: ${shareText(old, kind)}`;
  const tolerated = `up to ${percentText(limit)} is tolerated`;
  const doubt = `a release that is no worse looks like this less than once in ${Math.round(1 / chance).toLocaleString('en')} times`;
  throw takenBack({ code: 'RELEASE_WORSE', what, why: `${seen}; ${tolerated}\n${doubt}` });
}

export function tooQuiet(seen: number, needed: number, spent: number, deaf: boolean): Failure {
  const why = deaf
    ? 'the front door’s log is not written: is its disk full?'
    : `it answered ${seen} requests in ${humanDuration(spent)}, and ${needed} are needed`;
  return new Failure({
    code: 'TOO_QUIET',
    what: 'the new release is taken back: there was too little traffic to judge it',
    why,
    fix: 'set watch.quiet: pass, lower watch.requests or shift.requests, or deploy when there is traffic',
  });
}

function shareText({ requests, bad }: Counts, kind: Kind): string {
  const word = kind === 'slow' ? 'slow' : '5xx';
  return `${bad} of ${requests.toLocaleString('en')} ${word}${requests > 0 ? ` (${percentText(bad / requests)})` : ''}`;
}

function percentText(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 2 : 1)} %`;
}
