import type { Watch } from '../config/progressive.ts';
import { quantile } from '../lib/quantile.ts';
import type { LoggedRequest } from '../ports.ts';
import { noEvidence, scoreOf, sum, upperShare, withBatch, type Counts, type Evidence } from './evidence.ts';
import { otherSlot, type Slot } from './slot.ts';

/** What is compared: 5xx of requests that only read, 5xx of all others, and answers that took long. */
export const kinds = ['reads', 'writes', 'slow'] as const;
export type Kind = (typeof kinds)[number];

/** Chance that one bound errs: of a score and a limit for each kind. Six of them make one in two thousand. */
export const chance = 1 / 12_000;
/** Answers of the past that are enough to be a measure. */
const enoughPast = 500;
const usualShare = 0.95;
/** With more percent of the traffic than this on the new release the old one is no measure. */
export const mostComparable = 70;
/** Milliseconds that are never held against an answer. */
const slowMargin = 50;
const mostTolerated = 0.9;

interface Compared {
  readonly fresh: Counts;
  readonly old: Counts;
  /** Share of bad answers that is tolerated. */
  readonly limit: number;
  readonly evidence: Evidence;
}

export interface Comparison {
  readonly slot: Slot;
  readonly factor: number;
  /** An answer that takes longer is slow, ms; undefined: nobody knows what is usual. */
  readonly slowAt: number | undefined;
  readonly kinds: Readonly<Record<Kind, Compared>>;
}

export interface Circumstances {
  /** The old release gets enough of the traffic to be a measure. */
  readonly comparable: boolean;
  /** The new one has had time to become quick. */
  readonly settled: boolean;
}

/** `past`: what the front door saw before the new release, in `slot`, got any traffic. */
export function comparisonWith(past: readonly LoggedRequest[], slot: Slot, watch: Watch): Comparison {
  const slowAt = slowFrom(past, otherSlot(slot), watch.slower);
  const compared = (kind: Kind, floor: number): Compared => ({
    fresh: sum(),
    old: sum(),
    limit: limitFrom(countsOf(past, otherSlot(slot), kind, slowAt), floor, watch.factor),
    evidence: noEvidence,
  });
  return {
    slot,
    factor: watch.factor,
    slowAt,
    kinds: {
      reads: compared('reads', watch.errors),
      writes: compared('writes', watch.errors),
      slow: compared('slow', watch.slow),
    },
  };
}

export function withRequests(
  before: Comparison,
  requests: readonly LoggedRequest[],
  { comparable, settled }: Circumstances,
): Comparison {
  const grown = (kind: Kind): Compared => {
    const { fresh, old, evidence, limit } = before.kinds[kind];
    if (kind === 'slow' && !settled) return before.kinds.slow;
    const more = countsOf(requests, before.slot, kind, before.slowAt);
    const beside = countsOf(requests, otherSlot(before.slot), kind, before.slowAt);
    const batch = { fresh: more, old: comparable ? beside : undefined };
    return {
      limit,
      fresh: sum(fresh, more),
      old: sum(old, beside),
      evidence: withBatch(evidence, batch, { limit, factor: before.factor }),
    };
  };
  return { ...before, kinds: { reads: grown('reads'), writes: grown('writes'), slow: grown('slow') } };
}

/** The first kind in which the new release is worse, beyond reasonable doubt. */
export function worseIn({ kinds: compared }: Comparison): Kind | undefined {
  return kinds.find((kind) => scoreOf(compared[kind].evidence) >= 1 / chance);
}

/** Answers, and 5xx among them. */
export function answersOf({ kinds: { reads, writes } }: Comparison, whose: 'fresh' | 'old'): Counts {
  return sum(reads[whose], writes[whose]);
}

function limitFrom(past: Counts, floor: number, factor: number): number {
  if (past.requests < enoughPast && past.bad <= floor * past.requests) return floor;
  return Math.min(Math.max(floor, factor * upperShare(past, chance)), mostTolerated);
}

function slowFrom(past: readonly LoggedRequest[], slot: Slot, slower: number): number | undefined {
  const times = past.flatMap((request) => (request.slot === slot && request.time !== undefined ? [request.time] : []));
  if (slower === 0 || times.length < enoughPast) return undefined;
  const usual = quantile(times, usualShare);
  return Math.max(slower * usual, usual + slowMargin);
}

/** Who was passed over gave no answer, whatever the other one answered then. */
function countsOf(requests: readonly LoggedRequest[], slot: Slot, kind: Kind, slowAt: number | undefined): Counts {
  let [count, bad] = [0, 0];
  for (const request of requests) {
    if (kind === 'slow') {
      if (request.slot !== slot || request.time === undefined || slowAt === undefined) continue;
      count += 1;
      if (request.time > slowAt) bad += 1;
    } else if (isRead(request) === (kind === 'reads')) {
      const missed = request.passedOver.filter((one) => one === slot).length;
      const answered = request.slot === slot ? 1 : 0;
      count += missed + answered;
      bad += missed + (answered === 1 && request.status >= 500 ? 1 : 0);
    }
  }
  return { requests: count, bad };
}

function isRead({ method }: LoggedRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}
