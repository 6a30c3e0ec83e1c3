/*
 * Is the new release worse? A test that stays valid however often one looks at it, so that a release can be taken
 * back at the first moment at which the figures suffice.
 *
 * A release is not worse while it keeps, look by look, to one of two: no more bad answers than the limit, or than the
 * old release at the same time. As long as it does, each figure below is a betting score whose mean never grows, as
 * each look multiplies it by the smaller of two bets, and one of both has a mean of at most 1: the chance that the
 * score ever reaches 1/alpha is at most alpha (Ville 1939). The score is a likelihood ratio (Wald 1945), mixed over how much
 * worse it may be (Robbins 1970) and over the moment from which on it may be so (Shiryaev 1963, Roberts 1966),
 * with weights that add up to 1, so that no number of looks has to be fixed beforehand.
 */

/** Requests that were answered, and how many of them badly. */
export interface Counts {
  readonly requests: number;
  readonly bad: number;
}

/** What one look saw of both releases: at the same time, so that trouble that both have speaks against neither. */
export interface Batch {
  readonly fresh: Counts;
  /** Undefined: it gets too little of the traffic to be a measure. */
  readonly old: Counts | undefined;
}

export interface Tolerance {
  /** Share of bad answers that is never held against a release, 0 to 1. */
  readonly limit: number;
  /** So many times the old one's share is not worse. At least 1. */
  readonly factor: number;
}

export interface Evidence {
  /** Batches so far. */
  readonly looks: number;
  /** One for each pair of alternatives: so much worse than the limit, and so much worse than the old one. */
  readonly scores: readonly number[];
  /** Looks that wait until both releases have answered something. */
  readonly waiting: readonly Batch[];
}

/** By how much the odds of a bad answer may have grown. */
const alternatives = [2, 5, 20, 100] as const;
const pairs = alternatives.flatMap((limit) => alternatives.map((old) => ({ limit, old })));

/** With little traffic both rarely answer in the same look; so long is it worth waiting for. */
const mostWaiting = 20;

export const noEvidence: Evidence = { looks: 0, scores: pairs.map(() => 0), waiting: [] };

export function withBatch(before: Evidence, batch: Batch, tolerance: Tolerance): Evidence {
  const waiting = [...before.waiting, batch];
  const all = pooled(waiting);
  if (all.fresh.requests === 0 && all.old === undefined) return before;
  if (!hasBoth(all) && waiting.length < mostWaiting) return { ...before, waiting };
  if (all.fresh.requests === 0) return { ...before, waiting: [] };
  const looks = before.looks + 1;
  const weight = 1 / (looks * (looks + 1));
  const scores = pairs.map(({ limit, old }, at) => {
    const factor = Math.min(againstLimit(all.fresh, tolerance.limit, limit), againstOld(all, tolerance, old));
    return Math.min(((before.scores[at] ?? 0) + weight) * factor, Number.MAX_VALUE);
  });
  return { looks, scores, waiting: [] };
}

/** 1/score bounds the chance of an error. */
export function scoreOf({ scores }: Evidence): number {
  return scores.reduce((sum, score) => sum + score / scores.length, 0);
}

/** Whether to wait is decided by how many answers there were, never by how they were. */
function hasBoth({ fresh, old }: Batch): boolean {
  return fresh.requests > 0 && (old === undefined || old.requests > 0);
}

/** As soon as one look has no measure in the old release, all that wait have none. */
function pooled(batches: readonly Batch[]): Batch {
  const olds = batches.flatMap(({ old }) => old ?? []);
  return {
    fresh: sum(...batches.map(({ fresh }) => fresh)),
    old: olds.length < batches.length ? undefined : sum(...olds),
  };
}

export function sum(...counts: readonly Counts[]): Counts {
  return {
    requests: counts.reduce((total, { requests }) => total + requests, 0),
    bad: counts.reduce((total, { bad }) => total + bad, 0),
  };
}

function againstLimit({ requests, bad }: Counts, limit: number, odds: number): number {
  return bets(limit, odds, bad, requests - bad);
}

/**
 * Each bad answer bets on whose it is. Its mean is at most exp(p·(factor·n·(a-1) + m·(b-1))) = 1, with n and m the
 * requests of both, a and b the factors of a bet, whatever share p of bad answers the old one has. Where it is no
 * measure, the limit alone counts.
 */
function againstOld({ fresh, old }: Batch, { factor }: Tolerance, odds: number): number {
  if (old === undefined) return Infinity;
  const weighted = factor * fresh.requests;
  return old.requests === 0 ? 1 : bets(weighted / (weighted + old.requests), odds, fresh.bad, old.bad);
}

/** What bets on a share grow to when it is really higher by these odds, after so many hits and misses. */
function bets(share: number, odds: number, hits: number, misses: number): number {
  const higher = withOdds(share, odds);
  return Math.exp(hits * Math.log(higher / share) + misses * Math.log((1 - higher) / (1 - share)));
}

function withOdds(share: number, odds: number): number {
  return (odds * share) / (odds * share + 1 - share);
}

/**
 * A share that the true one exceeds with at most this chance, from so many requests of the past: the one at which
 * as few bad answers as were seen would have just that chance (Chernoff's bound, from above).
 */
export function upperShare({ requests, bad }: Counts, chance: number): number {
  if (requests === 0) return 1;
  const seen = bad / requests;
  const needed = Math.log(1 / chance) / requests;
  let [low, high] = [seen, 1];
  for (let step = 0; step < 50; step += 1) {
    const middle = (low + high) / 2;
    if (divergence(seen, middle) < needed) low = middle;
    else high = middle;
  }
  return high;
}

/** Kullback and Leibler's, of two shares. */
function divergence(a: number, b: number): number {
  const part = (x: number, y: number) => (x === 0 ? 0 : x * Math.log(x / y));
  return part(a, b) + part(1 - a, 1 - b);
}
