import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/parse.ts';
import {
  chance,
  answersOf,
  comparisonWith,
  withRequests,
  worseIn,
  type Circumstances,
} from '../../src/core/comparison.ts';
import { upperShare } from '../../src/core/evidence.ts';
import type { LoggedRequest } from '../../src/ports.ts';

const { watch } = parseConfig('/srv/cutover.yaml', 'app: shop\nartifact: .\nrun: node server.js\n').progressive;
const usual: Circumstances = { comparable: true, settled: true };

/** A request that green answered well; blue is the old one, green the new one. */
const good: LoggedRequest = {
  method: 'GET',
  target: '/',
  host: 'shop.example.com',
  agent: '',
  status: 200,
  slot: 'green',
  passedOver: [],
  answered: true,
  time: 20,
};
const of = (count: number, what: Partial<LoggedRequest> = {}): LoggedRequest[] =>
  Array.from({ length: count }, () => ({ ...good, ...what }));
const past = (count: number, bad: number, what: Partial<LoggedRequest> = {}) => [
  ...of(count - bad, { slot: 'blue', ...what }),
  ...of(bad, { slot: 'blue', status: 500, ...what }),
];
const seen = (
  requests: readonly LoggedRequest[],
  before: readonly LoggedRequest[] = [],
  how: Partial<Circumstances> = {},
) => withRequests(comparisonWith(before, 'green', watch), requests, { ...usual, ...how });

describe('whose answer it is', () => {
  it('who was passed over gave none, who answered then gave a good one', () => {
    const { reads } = seen(of(3, { slot: 'blue', passedOver: ['green'] })).kinds;
    expect(reads.fresh).toEqual({ requests: 3, bad: 3 });
    expect(reads.old).toEqual({ requests: 3, bad: 0 });
  });

  it('who was passed over twice gave none twice, and nobody else did', () => {
    const { reads } = seen(of(1, { slot: undefined, status: 502, passedOver: ['green', 'green'] })).kinds;
    expect(reads.fresh).toEqual({ requests: 2, bad: 2 });
    expect(reads.old).toEqual({ requests: 0, bad: 0 });
  });

  it('a release whose requests are all answered by the other one is worse', () => {
    const one = [...of(20, { slot: 'blue', passedOver: ['green'] }), ...of(180, { slot: 'blue' })];
    expect(worseIn(seen(one))).toBe('reads');
  });

  it('an old one that is passed over does not speak against the new one', () => {
    const { reads } = seen(of(50, { passedOver: ['blue'] })).kinds;
    expect(reads.fresh).toEqual({ requests: 50, bad: 0 });
    expect(reads.old).toEqual({ requests: 50, bad: 50 });
  });

  it('only 5xx is bad', () => {
    for (const status of [101, 200, 304, 404, 429, 499]) expect(seen(of(1, { status })).kinds.reads.fresh.bad).toBe(0);
    for (const status of [500, 502, 503, 504, 599]) expect(seen(of(1, { status })).kinds.reads.fresh.bad).toBe(1);
  });

  it('what no slot was asked for counts for neither', () => {
    const { reads, writes, slow } = seen(of(9, { slot: undefined, status: 503 }), past(600, 0)).kinds;
    for (const { fresh, old } of [reads, writes, slow]) expect([fresh.requests, old.requests]).toEqual([0, 0]);
  });

  it('GET and HEAD are reads, all others writes', () => {
    for (const method of ['GET', 'HEAD']) expect(seen(of(1, { method })).kinds.reads.fresh.requests).toBe(1);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE', 'get']) {
      expect(seen(of(1, { method })).kinds.writes.fresh.requests).toBe(1);
    }
  });

  it('is counted the same however the log is cut into looks', () => {
    const slot = fc.constantFrom('blue' as const, 'green' as const);
    const request = fc
      .record({
        method: fc.constantFrom('GET', 'POST'),
        status: fc.constantFrom(200, 500),
        slot,
        passedOver: fc.array(slot, { maxLength: 2 }),
      })
      .map((what): LoggedRequest => ({ ...good, ...what }));
    fc.assert(
      fc.property(fc.array(fc.array(request, { maxLength: 9 }), { maxLength: 9 }), (looks) => {
        const before = comparisonWith(past(600, 0), 'green', watch);
        const after = looks.reduce((one, look) => withRequests(one, look, usual), before);
        const atOnce = withRequests(before, looks.flat(), usual);
        for (const kind of ['reads', 'writes', 'slow'] as const) {
          expect(after.kinds[kind].fresh).toEqual(atOnce.kinds[kind].fresh);
          expect(after.kinds[kind].old).toEqual(atOnce.kinds[kind].old);
        }
        expect(answersOf(after, 'old').bad).toBe(answersOf(atOnce, 'old').bad);
      }),
    );
  });
});

describe('what is tolerated', () => {
  const limits = (before: readonly LoggedRequest[]) => {
    const { reads, writes, slow } = comparisonWith(before, 'green', watch).kinds;
    return { reads: reads.limit, writes: writes.limit, slow: slow.limit };
  };

  it('is what was asked for as long as the past is short, or good', () => {
    const asked = { reads: watch.errors, writes: watch.errors, slow: watch.slow };
    expect(limits([])).toEqual(asked);
    expect(limits(past(499, 1))).toEqual(asked);
    expect(limits(past(5000, 0))).toEqual(asked);
    expect(limits(past(5000, 5000, { slot: 'green' }))).toEqual(asked);
  });

  it('is so many times what the past had at most, of each kind for itself', () => {
    const { reads, writes } = limits([...past(5000, 150), ...past(2000, 400, { method: 'POST' })]);
    expect(reads).toBe(watch.factor * upperShare({ requests: 5000, bad: 150 }, chance));
    expect(writes).toBe(watch.factor * upperShare({ requests: 2000, bad: 400 }, chance));
  });

  it('is never more than nine of ten', () => {
    expect(limits(past(500, 500)).reads).toBe(0.9);
    expect(limits(past(100, 100)).reads).toBe(0.9);
  });
});

describe('slow answers', () => {
  it('are not judged when fewer than 500 of the past are known', () => {
    const after = seen(of(5000, { time: 60_000 }), [...past(499, 0), ...past(5000, 0, { time: undefined })]);
    expect(after.slowAt).toBeUndefined();
    expect(after.kinds.slow.fresh.requests).toBe(0);
    expect(worseIn(after)).toBeUndefined();
  });

  it('take so many times what 95 % of the past took, and 50 ms more at least', () => {
    expect(comparisonWith(past(500, 0, { time: 200 }), 'green', watch).slowAt).toBe(400);
    expect(comparisonWith(past(500, 0, { time: 3 }), 'green', watch).slowAt).toBe(53);
    const few = [...past(960, 0, { time: 100 }), ...past(40, 0, { time: 9000 })];
    expect(comparisonWith(few, 'green', watch).slowAt).toBe(200);
    expect(comparisonWith(past(500, 0), 'green', { ...watch, slower: 0 }).slowAt).toBeUndefined();
  });

  it('are found once the release has settled, and not before', () => {
    const requests = [...of(100, { time: 60_000 }), ...of(100, { slot: 'blue' })];
    expect(worseIn(seen(requests, past(5000, 0), { settled: false }))).toBeUndefined();
    expect(seen(requests, past(5000, 0), { settled: false }).kinds.slow.fresh.requests).toBe(0);
    expect(worseIn(seen(requests, past(5000, 0)))).toBe('slow');
  });

  it('of the time that is not known are none', () => {
    expect(seen(of(9, { time: undefined }), past(5000, 0)).kinds.slow.fresh.requests).toBe(0);
  });
});

describe('when the old one is no measure', () => {
  const both = [...of(100, { status: 500 }), ...of(2, { slot: 'blue', status: 500 })];

  it('the limit alone decides', () => {
    expect(worseIn(seen(both))).toBeUndefined();
    expect(worseIn(seen(both, [], { comparable: false }))).toBe('reads');
    expect(worseIn(seen(both, past(600, 600), { comparable: false }))).toBeUndefined();
  });
});
