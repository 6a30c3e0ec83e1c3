import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { upperShare } from '../../src/core/evidence.ts';
import { binomialShares } from '../support/binomial.ts';

const chances = [0.2, 0.01, 1 / 8000];
const chance = fc.constantFrom(...chances);
const seen = fc
  .tuple(fc.integer({ min: 1, max: 100_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([requests, bad]) => ({ requests, bad: Math.round(requests * bad) }));
/** Rounding of a search by halves. */
const room = 1e-9;

it.each(chances)('the true share is higher with a chance of %d at most, exactly, whatever it is', (most) => {
  for (const requests of [1, 2, 3, 5, 10, 20, 50, 100]) {
    const above = Array.from({ length: requests + 1 }, (_, bad) => upperShare({ requests, bad }, most));
    for (let percent = 0; percent <= 100; percent += 0.5) {
      const truth = percent / 100;
      const missed = binomialShares(requests, truth).filter((_, bad) => (above[bad] ?? 0) < truth);
      expect(missed.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(most);
    }
  }
});

it('is a share, and no less than what was seen', () => {
  fc.assert(
    fc.property(seen, chance, ({ requests, bad }, most) => {
      const share = upperShare({ requests, bad }, most);
      expect(share).toBeGreaterThanOrEqual(bad / requests);
      expect(share).toBeLessThanOrEqual(1);
    }),
  );
});

it('grows with what was bad', () => {
  fc.assert(
    fc.property(seen, chance, fc.integer({ min: 0, max: 1000 }), ({ requests, bad }, most, more) => {
      const worse = { requests, bad: Math.min(requests, bad + more) };
      expect(upperShare(worse, most) + room).toBeGreaterThanOrEqual(upperShare({ requests, bad }, most));
    }),
  );
});

it('gets no higher with more requests of the same kind, nor when it may be missed more often', () => {
  fc.assert(
    fc.property(seen, chance, fc.integer({ min: 2, max: 50 }), ({ requests, bad }, most, times) => {
      const many = { requests: requests * times, bad: bad * times };
      expect(upperShare(many, most)).toBeLessThanOrEqual(upperShare({ requests, bad }, most) + room);
      expect(upperShare({ requests, bad }, most * times)).toBeLessThanOrEqual(
        upperShare({ requests, bad }, most) + room,
      );
    }),
  );
});

it('cannot be lower than this when none was bad, and is 1 when all were or there was nothing', () => {
  for (const requests of [1, 10, 500, 5000]) {
    expect(upperShare({ requests, bad: 0 }, 1 / 8000)).toBeCloseTo(1 - (1 / 8000) ** (1 / requests), 9);
    expect(upperShare({ requests, bad: requests }, 1 / 8000)).toBe(1);
  }
  expect(upperShare({ requests: 0, bad: 0 }, 1 / 8000)).toBe(1);
});

it('comes near to what was seen: 1 % of 5,000 is less than 1.75 %', () => {
  expect(upperShare({ requests: 5000, bad: 50 }, 1 / 8000)).toBeLessThan(0.0175);
});
