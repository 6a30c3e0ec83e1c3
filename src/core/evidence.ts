/*
 * Is the new release worse? A test that stays valid however often one looks at it, so that a release can be taken
 * back at the first moment at which the figures suffice.
 *
 * Under "it is not worse" each figure below is a betting score whose mean never grows: the chance that it ever
 * reaches 1/alpha is at most alpha (Ville 1939). The score is a likelihood ratio (Wald 1945), mixed over how much
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
  /** Against "no more than the limit", for each alternative. */
  readonly overLimit: readonly number[];
  /** Against "no more than the old one at the same time"; where that has too little traffic, than the limit. */
  readonly overOld: readonly number[];
}

/** By how much the odds of a bad answer may have grown. */
const alternatives = [2, 5, 20, 100] as const;

export const noEvidence: Evidence = {
  looks: 0,
  overLimit: alternatives.map(() => 0),
  overOld: alternatives.map(() => 0),
};

export function withBatch(before: Evidence, batch: Batch, tolerance: Tolerance): Evidence {
  if (batch.fresh.requests === 0) return before;
  const looks = before.looks + 1;
  const weight = 1 / (looks * (looks + 1));
  const grown = (scores: readonly number[], factorOf: (odds: number) => number) =>
    scores.map((score, at) => Math.min((score + weight) * factorOf(alternatives[at] ?? 1), Number.MAX_VALUE));
  const limit = (odds: number) => againstLimit(batch.fresh, tolerance.limit, odds);
  const old = (odds: number) => againstOld(batch, tolerance.factor, odds);
  return {
    looks,
    overLimit: grown(before.overLimit, limit),
    overOld: grown(before.overOld, batch.old ? old : limit),
  };
}

/** Both must be exceeded: so a release is not worse while it keeps to either. 1/score bounds the chance of an error. */
export function scoreOf({ overLimit, overOld }: Evidence): number {
  return Math.min(mean(overLimit), mean(overOld));
}

function againstLimit({ requests, bad }: Counts, limit: number, odds: number): number {
  return bets(limit, odds, bad, requests - bad);
}

/**
 * Each bad answer bets on whose it is. Its mean is at most exp(p·(factor·n·(a-1) + m·(b-1))) = 1, with n and m the
 * requests of both, a and b the factors of a bet, whatever share p of bad answers the old one has.
 */
function againstOld({ fresh, old = { requests: 0, bad: 0 } }: Batch, factor: number, odds: number): number {
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

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
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
