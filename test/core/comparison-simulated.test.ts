import { expect, it } from 'vitest';
import { poisson, seeded, type Random } from '../../lab/draws.ts';
import { parseConfig } from '../../src/config/parse.ts';
import { comparisonWith, withRequests, worseIn, type Kind } from '../../src/core/comparison.ts';
import type { Slot } from '../../src/core/slot.ts';
import type { LoggedRequest } from '../../src/ports.ts';

const { watch } = parseConfig('/srv/cutover.yaml', 'app: shop\nartifact: .\nrun: node server.js\n').progressive;

/** How a release answers, as of so many seconds. */
interface Release {
  /** Shares of 5xx. */
  readonly reads: (second: number) => number;
  readonly writes: (second: number) => number;
  /** Share of the requests for which it is passed over: another one answers. */
  readonly dropped: number;
  /** Milliseconds that nine of ten answers take at most. */
  readonly time: number;
}

const usual: Release = { reads: () => 0.003, writes: () => 0.01, dropped: 0.001, time: 80 };
const looks = 10;

function request(random: Random, second: number, slot: Slot, release: Release): LoggedRequest {
  const read = random() < 0.7;
  const bad = random() < (read ? release.reads : release.writes)(second);
  const dropped = random() < release.dropped;
  const other: Slot = slot === 'blue' ? 'green' : 'blue';
  return {
    method: read ? 'GET' : 'POST',
    target: '/',
    host: 'shop.example.com',
    agent: '',
    status: bad && !dropped ? 503 : 200,
    slot: dropped ? other : slot,
    passedOver: dropped ? [slot] : [],
    answered: true,
    // Exponential, as times of answers more or less are.
    time: (-Math.log(1 - random()) * release.time) / Math.LN10,
  };
}

interface Watched {
  readonly percent: number;
  readonly rate: number;
  readonly fresh: Release;
  readonly old: Release;
}

/** All that cutover does with the log, from the past before the new release to the end or the verdict. */
function verdict(random: Random, { percent, rate, fresh, old }: Watched, seconds: number): Kind | undefined {
  const drawn = (count: number, second: number, share: number) =>
    Array.from({ length: count }, () => {
      const isFresh = random() < share;
      return request(random, second, isFresh ? 'green' : 'blue', isFresh ? fresh : old);
    });
  let comparison = comparisonWith(drawn(2500, 0, 0), 'green', watch);
  for (let look = 1; look <= seconds * looks; look += 1) {
    const requests = drawn(poisson(random, rate / looks), look / looks, percent / 100);
    const circumstances = { comparable: percent <= 70, settled: look > 10 };
    comparison = withRequests(comparison, requests, circumstances);
    const kind = worseIn(comparison);
    if (kind !== undefined) return kind;
  }
  return undefined;
}

function verdicts(seed: number, watches: number, watched: Watched, seconds = 12): Set<Kind | undefined> {
  const random = seeded(seed);
  return new Set(Array.from({ length: watches }, () => verdict(random, watched, seconds)));
}

/** Half of everything fails for three seconds. */
const shared = (second: number) => (second > 5 && second <= 8 ? 0.5 : 0.003);

it.each([1, 5, 25, 50, 100])('the same release again is left alone with %i percent of the traffic', (percent) => {
  for (const rate of [5, 60]) {
    expect(verdicts(percent, 30, { percent, rate, fresh: usual, old: usual })).toEqual(new Set([undefined]));
  }
});

it.each([1, 25, 50])('a database that both need may fail with %i percent of the traffic on the new one', (percent) => {
  const release = { ...usual, reads: shared, writes: shared };
  expect(verdicts(percent, 40, { percent, rate: 100, fresh: release, old: release })).toEqual(new Set([undefined]));
});

it.each<[Kind, Partial<Release>]>([
  ['reads', { reads: () => 0.3 }],
  ['writes', { writes: () => 0.4 }],
  ['slow', { time: 800 }],
])('what is worse is called so: %s', (kind, what) => {
  for (const percent of [10, 50, 100]) {
    const watched = { percent, rate: 150, fresh: { ...usual, ...what }, old: usual };
    expect(verdicts(percent, 12, watched, 30)).toEqual(new Set([kind]));
  }
});

it('a release that is often passed over is worse, though no client got an error', () => {
  const watched = { percent: 25, rate: 150, fresh: { ...usual, dropped: 0.3 }, old: usual };
  expect(verdicts(1, 25, watched)).not.toContain(undefined);
});
