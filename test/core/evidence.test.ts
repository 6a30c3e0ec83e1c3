import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noEvidence, scoreOf, withBatch, type Batch, type Evidence, type Tolerance } from '../../src/core/evidence.ts';
import { binomialShares } from '../support/binomial.ts';

const share = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);
const times = <T>(count: number, make: (at: number) => T) => Array.from({ length: count }, (_, at) => make(at));
/** Rounding of sums. */
const room = 1 + 1e-9;

/** Everything that one look may see of so many requests, with its chance. */
function seen(fresh: number, bad: number, old?: number, oldBad = 0): { batch: Batch; chance: number }[] {
  const beside = old === undefined ? [1] : binomialShares(old, oldBad);
  return binomialShares(fresh, bad).flatMap((one, badly) =>
    beside.map((other, oldBadly) => ({
      batch: {
        fresh: { requests: fresh, bad: badly },
        old: old === undefined ? undefined : { requests: old, bad: oldBadly },
      },
      chance: one * other,
    })),
  );
}

/** The mean of a figure after looks of which each may see this, by going through all that may happen. */
function meanAfter(
  looks: readonly (readonly { batch: Batch; chance: number }[])[],
  tolerance: Tolerance,
  figure: (evidence: Evidence) => number,
  before = noEvidence,
): number {
  const [look, ...rest] = looks;
  if (look === undefined) return figure(before);
  return sum(
    look.map(({ batch, chance }) => chance * meanAfter(rest, tolerance, figure, withBatch(before, batch, tolerance))),
  );
}

describe('the mean of a score, exactly', () => {
  it('is what was put on it when the share is the limit, and less below', () => {
    fc.assert(
      fc.property(share(0.0001, 0.9), share(0, 1), fc.integer({ min: 1, max: 30 }), (limit, part, requests) => {
        for (const at of [0, 1, 2, 3]) {
          const mean = (bad: number) =>
            meanAfter([seen(requests, bad)], { limit, factor: 1.5 }, ({ scores }) => scores[at * 4] ?? NaN);
          expect(mean(limit)).toBeCloseTo(1 / 2, 9);
          expect(mean(limit * part)).toBeLessThanOrEqual(room / 2);
        }
      }),
    );
  });

  it('is no more than that when the share is so many times the old one’s, or less', () => {
    const requests = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(share(1, 10), share(0, 1), share(0, 1), requests, requests, (factor, bad, part, fresh, old) => {
        for (const at of times(16, (one) => one)) {
          const look = seen(fresh, bad * part, old, bad / factor);
          const mean = meanAfter([look], { limit: 0.01, factor }, ({ scores }) => scores[at] ?? NaN);
          expect(mean).toBeLessThanOrEqual(room / 2);
        }
      }),
    );
  });

  it.each([0.001, 0.01, 0.2, 0.5, 0.9])('never exceeds 1 however often one looks, with a limit of %d', (limit) => {
    for (const [looks, requests] of [
      [2, 40],
      [3, 12],
      [5, 4],
      [10, 1],
    ] as const) {
      const all = times(looks, () => seen(requests, limit));
      const mean = meanAfter(all, { limit, factor: 1 }, scoreOf);
      expect(mean).toBeCloseTo(1 - 1 / (looks + 1), 9);
    }
  });

  it('never exceeds 1 when each look has other requests and both have other shares', () => {
    const requests = fc.integer({ min: 1, max: 3 });
    const look = fc.record({ fresh: requests, old: requests, bad: share(0, 1) });
    fc.assert(
      fc.property(fc.array(look, { minLength: 1, maxLength: 3 }), share(1, 3), (looks, factor) => {
        const all = looks.map(({ fresh, old, bad }) => seen(fresh, bad, old, bad / factor));
        expect(meanAfter(all, { limit: 0.01, factor }, scoreOf)).toBeLessThanOrEqual(room);
      }),
      { numRuns: 60 },
    );
  });

  it('never exceeds 1 when some looks keep to the limit and others to the old release', () => {
    const limited = seen(3, 0.2, 3, 0);
    const alike = seen(3, 0.9, 3, 0.9);
    for (const looks of [
      [limited, alike],
      [alike, limited],
      [limited, alike, limited],
    ])
      expect(meanAfter(looks, { limit: 0.2, factor: 1 }, scoreOf)).toBeLessThanOrEqual(room);
  });

  it('never exceeds 1 when looks wait for each other', () => {
    const requests = fc.integer({ min: 0, max: 2 });
    const look = fc.record({ fresh: requests, old: requests });
    fc.assert(
      fc.property(fc.array(look, { minLength: 1, maxLength: 4 }), share(0, 1), share(1, 3), (looks, bad, factor) => {
        const all = looks.map(({ fresh, old }) => seen(fresh, bad, old, bad / factor));
        expect(meanAfter(all, { limit: 0.01, factor }, scoreOf)).toBeLessThanOrEqual(room);
      }),
      { numRuns: 60 },
    );
  });
});

/** The chance that it is this high at any of the looks. */
function everReaches(
  height: number,
  look: readonly { batch: Batch; chance: number }[],
  left: number,
  tolerance: Tolerance,
  before = noEvidence,
): number {
  if (scoreOf(before) >= height) return 1;
  if (left === 0) return 0;
  return sum(
    look.map(
      ({ batch, chance }) =>
        chance * everReaches(height, look, left - 1, tolerance, withBatch(before, batch, tolerance)),
    ),
  );
}

describe('the chance that it ever gets so high, exactly', () => {
  it.each([0.001, 0.01, 0.1, 0.5, 0.9])('is what Ville promises when the share is the limit, %d', (limit) => {
    for (const height of [1.5, 3, 10, 30, 100]) {
      expect(everReaches(height, seen(1, limit), 14, { limit, factor: 1 })).toBeLessThanOrEqual(1 / height);
    }
  });

  it.each([0.01, 0.1, 0.5, 0.9, 1])('is what Ville promises when both have the share %d', (bad) => {
    for (const height of [1.5, 3, 10, 30]) {
      const look = seen(1, bad, 2, bad);
      expect(everReaches(height, look, 6, { limit: 1e-6, factor: 1 })).toBeLessThanOrEqual(1 / height);
    }
  });
});

const count = fc.integer({ min: 0, max: 1_000_000 });
const counts = fc
  .tuple(count, fc.oneof(fc.constant(0), fc.constant(1), share(0, 1)))
  .map(([requests, bad]) => ({ requests, bad: Math.round(requests * bad) }));
const batches = fc.array(fc.record({ fresh: counts, old: fc.option(counts, { nil: undefined }) }), { maxLength: 20 });

describe('numbers of any size', () => {
  it('never make it something that is no number, or less than nothing', () => {
    fc.assert(
      fc.property(batches, share(0.0001, 0.9), share(1, 100), (looks, limit, factor) => {
        let evidence = noEvidence;
        for (const batch of looks) {
          evidence = withBatch(evidence, batch, { limit, factor });
          expect(evidence.scores.every((one) => one >= 0 && one <= Number.MAX_VALUE)).toBe(true);
          expect(scoreOf(evidence)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('make no verdict that cannot be mended, nor one that never comes', () => {
    const of = (bad: number) => ({ fresh: { requests: 1_000_000, bad }, old: { requests: 1_000_000, bad: 1000 } });
    const after = (...bad: number[]) =>
      scoreOf(bad.reduce((before, one) => withBatch(before, of(one), { limit: 0.01, factor: 1.5 }), noEvidence));
    expect(after(1_000_000)).toBeGreaterThan(1e300);
    expect(after(1_000_000, ...times(99, () => 0))).toBeLessThan(1);
    expect(after(...times(99, () => 0))).toBeLessThan(1);
    expect(after(...times(99, () => 0), 1_000_000)).toBeGreaterThan(1e300);
  });

  it('a look without any request of the new release changes no score', () => {
    const before = withBatch(noEvidence, { fresh: { requests: 5, bad: 1 }, old: undefined }, { limit: 0.1, factor: 1 });
    fc.assert(
      fc.property(counts, (old) => {
        const batch = { fresh: { requests: 0, bad: 0 }, old };
        expect(scoreOf(withBatch(before, batch, { limit: 0.1, factor: 1 }))).toBe(scoreOf(before));
      }),
    );
  });
});
