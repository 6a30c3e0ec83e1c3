import { chance, mostComparable } from '../src/core/comparison.ts';
import { noEvidence, scoreOf, withBatch, type Batch, type Evidence, type Tolerance } from '../src/core/evidence.ts';
import { binomial, poisson, type Random } from './draws.ts';

/** How a release and the one before it answer, as of so many seconds. */
export interface Course {
  /** Requests a second, of both together. */
  readonly rate: number | ((second: number) => number);
  /** Percent of them that the new one gets. */
  readonly percent: number;
  /** Shares of bad answers, 0 to 1. */
  readonly fresh: number | ((second: number) => number);
  readonly old: number | ((second: number) => number);
  readonly tolerance: Tolerance;
}

export interface Outcome {
  /** The highest score at any look. */
  readonly highest: number;
  /** When the release was found to be worse, seconds; undefined: it was not. */
  readonly found: number | undefined;
}

/** Looks a second, as `core/watch.ts` has them. */
const looks = 10;

/** One kind of answers, watched for so long or until it is found to be worse. */
export function simulatedWatch(course: Course, seconds: number, random: Random): Outcome {
  let evidence: Evidence = noEvidence;
  let highest = 0;
  for (let look = 1; look <= Math.round(seconds * looks); look += 1) {
    evidence = withBatch(evidence, batchAt(course, look / looks, random), course.tolerance);
    highest = Math.max(highest, scoreOf(evidence));
    if (highest >= 1 / chance) return { highest, found: look / looks };
  }
  return { highest, found: undefined };
}

function batchAt({ rate, percent, fresh, old }: Course, second: number, random: Random): Batch {
  const coming = at(rate, second) / looks;
  const counts = (share: number, bad: number) => {
    const requests = poisson(random, coming * share);
    return { requests, bad: binomial(random, requests, bad) };
  };
  return {
    fresh: counts(percent / 100, at(fresh, second)),
    old: percent > mostComparable ? undefined : counts(1 - percent / 100, at(old, second)),
  };
}

function at(value: number | ((second: number) => number), second: number): number {
  return typeof value === 'number' ? value : value(second);
}
