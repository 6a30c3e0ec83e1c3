import { describe, expect, it } from 'vitest';
import { quantile } from '../../bench/stats.ts';
import { seeded } from '../../lab/draws.ts';
import { simulatedWatch, type Course } from '../../lab/simulated-watch.ts';
import { chance } from '../../src/core/comparison.ts';

type Curve = (second: number) => number;

const standard = { limit: 0.01, factor: 1.5 };
const percents = [1, 5, 25, 50, 100];
const rates = [1, 10, 100, 1000];
const seconds = 20;

/** Watches of a release that is not worse, with every share of the traffic and every amount of it. */
function highest(seed: number, rounds: number, course: (percent: number, rate: number) => Course): number[] {
  const random = seeded(seed);
  return percents.flatMap((percent) =>
    rates.flatMap((rate) =>
      Array.from({ length: rounds }, () => simulatedWatch(course(percent, rate), seconds, random).highest),
    ),
  );
}

/** Lower marks than that of an alarm are reached often enough to be counted. */
function keepsPromise(scores: readonly number[]): void {
  expect(scores.every((score) => score >= 0)).toBe(true);
  const reached = (mark: number) => scores.filter((score) => score >= mark).length;
  expect(reached(1 / chance)).toBe(0);
  for (const mark of [4, 20, 100]) expect(reached(mark)).toBeLessThanOrEqual(scores.length / mark);
}

/** The past has had the same share: it is what is tolerated when all of the traffic is on the new one. */
const tolerating = (percent: number, bad: number) =>
  percent === 100 ? { ...standard, limit: Math.max(standard.limit, bad) } : standard;

/** 80 % of everything fails for five seconds, whoever is asked. */
const outage: Curve = (second) => (second > 8 && second <= 13 ? 0.8 : 0.002);
/** Now and then nobody comes, now and then four times as many. */
const tides: (rate: number) => Curve = (rate) => (second) => rate * (1 + Math.sin(second)) ** 2;

describe('a release that is not worse', () => {
  it.each([0, 0.001, 0.01, 0.05, 0.2, 0.5, 0.9])('is left alone when both have the share %d of errors', (bad) => {
    const of = (percent: number, rate: number): Course => ({
      rate,
      percent,
      fresh: bad,
      old: bad,
      tolerance: tolerating(percent, bad),
    });
    keepsPromise(highest(1, 30, of));
  });

  it.each([0.002, 0.008, 0.01])('is left alone with a share of %d, though the old one makes no mistakes', (bad) => {
    keepsPromise(highest(2, 30, (percent, rate) => ({ rate, percent, fresh: bad, old: 0, tolerance: standard })));
  });

  it.each([0.01, 0.06, 0.3])('is left alone with so many times what the old one has, %d', (old) => {
    const of = (percent: number, rate: number): Course => ({
      rate,
      percent: Math.min(percent, 70),
      fresh: old * standard.factor,
      old,
      tolerance: standard,
    });
    keepsPromise(highest(3, 30, of));
  });

  it('is left alone when something fails that both need', () => {
    const of = (percent: number, rate: number): Course => ({
      rate,
      percent: Math.min(percent, 70),
      fresh: outage,
      old: outage,
      tolerance: { ...standard, factor: 1 },
    });
    keepsPromise(highest(4, 30, of));
  });

  it('is left alone when shares and traffic change all the time', () => {
    const of = (percent: number, rate: number): Course => ({
      rate: tides(rate),
      percent: Math.min(percent, 70),
      fresh: (second) => 0.3 * (1 + Math.cos(second * 3)),
      old: (second) => 0.2 * (1 + Math.cos(second * 3)),
      tolerance: standard,
    });
    keepsPromise(highest(5, 30, of));
  });

  it('is left alone when it keeps to the limit while the traffic changes', () => {
    const of = (percent: number, rate: number): Course => ({
      rate: tides(rate),
      percent,
      fresh: (second) => (second % 2 < 1 ? 0.01 : 0.002),
      old: 0,
      tolerance: standard,
    });
    keepsPromise(highest(6, 30, of));
  });
});

/** When it was found, in the worst of so many watches, or of a share of them. */
function found(seed: number, of: Partial<Course>, share = 1): number {
  const random = seeded(seed);
  const course: Course = { rate: 100, percent: 100, fresh: 1, old: 0.001, tolerance: standard, ...of };
  const delays = Array.from({ length: 200 }, () => simulatedWatch(course, 120, random).found ?? Infinity);
  return quantile(delays, share);
}

describe('a release that is worse', () => {
  it('is found within 0.3 s when it answers nothing right and has all of the traffic', () => {
    expect(found(1, {})).toBeLessThanOrEqual(0.3);
  });

  it.each([
    [5, 1],
    [25, 1],
    [50, 2],
  ])(
    'is found with %i percent of the traffic, 100 requests/s of its own, all wrong, within %d s',
    (percent, within) => {
      expect(found(2, { percent, rate: (100 * 100) / percent })).toBeLessThanOrEqual(within);
    },
  );

  it.each([
    [5, 3],
    [25, 4],
    [50, 6],
    [100, 3],
  ])(
    'is found with %i percent of the traffic, 100 requests/s of its own, 10 % wrong, within %d s',
    (percent, within) => {
      expect(found(3, { percent, rate: (100 * 100) / percent, fresh: 0.1 })).toBeLessThanOrEqual(within);
    },
  );

  it('is found within seconds when it becomes so after a long time', () => {
    const late: Curve = (second) => (second > 30 ? 0.1 : 0.001);
    expect(found(4, { percent: 50, rate: 200, fresh: late }) - 30).toBeLessThanOrEqual(10);
  });

  it('is found although something fails that both need', () => {
    expect(found(5, { percent: 50, rate: 200, old: 0.3, fresh: 0.8 })).toBeLessThanOrEqual(10);
  });

  it('is found when it is three times as bad as is tolerated', () => {
    expect(found(6, { fresh: 0.03 }, 0.95)).toBeLessThanOrEqual(30);
  });
});
