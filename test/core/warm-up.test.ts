import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WarmUp } from '../../src/config/progressive.ts';
import { warmRequests } from '../../src/core/warm-requests.ts';
import { howItEnded, isEnough, isSettled, type Window } from '../../src/core/warm-up.ts';
import type { LoggedRequest } from '../../src/ports.ts';

const plain: WarmUp = {
  paths: [],
  replay: 500,
  skip: [],
  skipHosts: [],
  headers: {},
  userAgent: false,
  parallel: 4,
  deadline: 30_000,
  required: false,
};

function logged(more: Partial<LoggedRequest> = {}): LoggedRequest {
  return {
    method: 'GET',
    target: '/products?page=2',
    host: 'shop.example.com',
    agent: 'Mozilla/5.0',
    status: 200,
    slot: 'blue',
    passedOver: [],
    answered: true,
    time: 3,
    ...more,
  };
}

const replayed = (warmup: Partial<WarmUp>, ...requests: readonly Partial<LoggedRequest>[]) =>
  warmRequests({ ...plain, ...warmup }, requests.map(logged)).map(({ target }) => target);

const anyLogged: fc.Arbitrary<LoggedRequest> = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'CONNECT', 'get', ''),
  target: fc.oneof(
    fc.string(),
    fc.webPath(),
    fc.constantFrom('/', '*', 'http://elsewhere.example.com/', '/logout?all'),
  ),
  host: fc.constantFrom('', 'shop.example.com', 'admin.example.com'),
  agent: fc.string(),
  status: fc.constantFrom(101, 200, 204, 301, 304, 400, 404, 499, 500, 502, 504),
  slot: fc.constantFrom('blue', 'green', undefined),
  passedOver: fc.constant([]),
  answered: fc.boolean(),
  time: fc.option(fc.double({ min: 0, max: 9999, noNaN: true }), { nil: undefined }),
});

const anyWarmUp: fc.Arbitrary<WarmUp> = fc
  .record({
    paths: fc.array(fc.webPath().map((one) => one || '/')),
    skip: fc.subarray(['/logout', '/a*', '*b', '*']),
    skipHosts: fc.subarray(['shop.example.com', 'admin.example.com', '']),
    userAgent: fc.boolean(),
  })
  .map((some) => ({ ...plain, ...some }));

describe('what is asked', () => {
  it('are the paths, then what was logged, each in its order', () => {
    const warmup = { ...plain, paths: ['/', '/version'] };
    expect(warmRequests(warmup, [logged({ target: '/b', method: 'HEAD' }), logged({ target: '/a' })])).toEqual([
      { method: 'GET', target: '/', host: undefined, agent: undefined },
      { method: 'GET', target: '/version', host: undefined, agent: undefined },
      { method: 'HEAD', target: '/b', host: 'shop.example.com', agent: undefined },
      { method: 'GET', target: '/a', host: 'shop.example.com', agent: undefined },
    ]);
  });

  it('only reads, only here, and carries nothing but method, target, host and an agent that was allowed', () => {
    fc.assert(
      fc.property(anyWarmUp, fc.array(anyLogged), (warmup, log) => {
        for (const one of warmRequests(warmup, log)) {
          expect(Object.keys(one).toSorted()).toEqual(['agent', 'host', 'method', 'target']);
          expect(['GET', 'HEAD']).toContain(one.method);
          expect(one.target).toMatch(/^\//);
          if (!warmup.userAgent) expect(one.agent).toBeUndefined();
        }
      }),
    );
  });

  it('is nothing that was not asked before, and no host that is left out', () => {
    fc.assert(
      fc.property(anyWarmUp, fc.array(anyLogged), (warmup, log) => {
        const asked = warmRequests(warmup, log);
        expect(asked.slice(0, warmup.paths.length).map(({ target }) => target)).toEqual(warmup.paths);
        const known = log.filter(({ host }) => !warmup.skipHosts.includes(host));
        for (const { method, target, host } of asked.slice(warmup.paths.length)) {
          expect(known.some((one) => one.method === method && one.target === target && one.host === (host ?? ''))).toBe(
            true,
          );
        }
      }),
    );
  });

  it('is replayed with its agent when that was allowed', () => {
    expect(warmRequests({ ...plain, userAgent: true }, [logged()])[0]?.agent).toBe('Mozilla/5.0');
  });

  it.each([
    ['a body', { method: 'POST' }],
    ['a WebSocket', { status: 101 }],
    ['a failure', { status: 500 }],
    ['a request to nobody', { status: 502, slot: undefined, answered: false }],
    ['an address that is no path', { target: 'http://elsewhere.example.com/' }],
  ] as const)('is never %s', (_, request) => {
    expect(replayed({}, request, { target: '/kept' })).toEqual(['/kept']);
  });

  it.each([
    ['/logout', ['/logout', '/logout?all=1'], ['/logout2', '/my/logout', '/']],
    ['/reports/*', ['/reports/', '/reports/1/2?x'], ['/reports', '/old/reports/1']],
    ['*.pdf', ['/a.pdf', '/b/c.pdf?download'], ['/a.pdf.html', '/apdf']],
    ['/a.b', ['/a.b'], ['/axb']],
    ['/(x', ['/(x'], ['/x']],
    ['*', ['/', '/anything?at=all'], []],
  ])('skips %s', (pattern, skipped, kept) => {
    const requests = [...skipped, ...kept].map((target) => ({ target }));
    expect(replayed({ skip: [pattern] }, ...requests)).toEqual(kept);
  });

  it('does not skip paths that were written down on purpose', () => {
    expect(warmRequests({ ...plain, paths: ['/logout'], skip: ['/logout'] }, [])).toHaveLength(1);
  });
});

describe('when it is enough', () => {
  const flat = (count: number, of = 1): readonly Window[] =>
    Array.from({ length: count }, () => ({ median: of, high: 3 * of }));
  const falling = (count: number, each: number): readonly Window[] =>
    Array.from({ length: count }, (_, at) => ({ median: 50 * each ** at, high: 200 * each ** at }));
  /** Windows after which it is enough, one more at a time; undefined: never. */
  const settledAfter = (windows: readonly Window[]): number | undefined =>
    windows.map((_, at) => at + 1).find((count) => isSettled(windows.slice(0, count)));

  it('is never after few windows, however flat', () => {
    expect(settledAfter(flat(20))).toBe(16);
    expect(isSettled([])).toBe(false);
  });

  it('is not while they fall', () => {
    expect(settledAfter(falling(100, 0.9))).toBeUndefined();
    expect(settledAfter(falling(100, 0.96))).toBeUndefined();
  });

  it('is when they fell and fall no more', () => {
    const count = settledAfter([...falling(10, 0.8), ...flat(90, 5)]);
    expect(count).toBeGreaterThan(20);
    expect(count).toBeLessThan(48);
  });

  it('is not when only the slowest fall: code that is seldom reached is still new', () => {
    expect(settledAfter(falling(100, 0.9).map(({ high }) => ({ median: 1, high })))).toBeUndefined();
  });

  it('is not by one lucky window, which those after it do not reach again', () => {
    const lucky = falling(30, 0.93).map((one, at) => (at === 3 ? { median: 1, high: 2 } : one));
    expect(settledAfter(lucky)).toBeUndefined();
  });

  it('is not by a pause of the compiler that is shorter than all that was before', () => {
    const steps = [20, 10, 10, 10, 5, 5, 5, 5, 2, 2, 2, 2, 2, 2, 2, 2].map((median) => ({ median, high: 3 * median }));
    expect(settledAfter(steps)).toBeUndefined();
    expect(settledAfter([...steps, ...flat(40, 2)])).toBeGreaterThan(16);
  });

  it('is not on a level that lasts long, but only until the code is compiled for the last time', () => {
    const levels = [...falling(11, 0.75), ...flat(44, 4), ...flat(6, 1)];
    expect(levels.some((_, at) => isSettled(levels.slice(0, at)))).toBe(true);
    expect(levels.some((_, at) => isEnough(levels.slice(0, at)))).toBe(false);
    expect(isEnough([...levels, ...flat(300, 1)])).toBe(true);
  });

  it('says what it lacked when the deadline ended it', () => {
    expect(howItEnded([...falling(20, 0.75), ...flat(120, 1)])).toBe('');
    expect(howItEnded(falling(20, 0.75))).toBe('; not settled by the deadline');
    expect(howItEnded([...falling(5, 0.75), ...flat(40, 1)])).toBe('; the deadline came before 32,000');
  });

  const noisy = (windows: readonly Window[], factor: () => number): readonly Window[] =>
    windows.map(({ median, high }) => ({ median: median * factor(), high: high * factor() }));

  it('is as soon as a fall is over for three times as long as it took, if the noise is small', () => {
    const factors = fc.array(fc.double({ min: 0.96, max: 1.04, noNaN: true }), { minLength: 200, maxLength: 200 });
    fc.assert(
      fc.property(factors, fc.integer({ min: 4, max: 20 }), (some, fell) => {
        const windows = noisy([...falling(fell, 0.8), ...flat(3 * fell, 0.5)], () => some.pop() ?? 1);
        expect(isSettled(windows)).toBe(true);
      }),
    );
  });

  it('is some time, if the noise is large', () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      let state = seed;
      const factor = () => 0.5 + 1.5 * ((state = (state * 48_271) % 2_147_483_647) / 2_147_483_647);
      expect(settledAfter(noisy([...falling(10, 0.8), ...flat(140, 5)], factor))).toBeDefined();
    }
  });

  it('knows no unit', () => {
    const some = fc.array(
      fc.record({ median: fc.integer({ min: 1, max: 99 }), high: fc.integer({ min: 1, max: 99 }) }),
    );
    fc.assert(
      fc.property(some, (windows) => {
        const doubled = windows.map(({ median, high }) => ({ median: median * 1024, high: high * 1024 }));
        expect(isSettled(doubled)).toBe(isSettled(windows));
      }),
    );
  });
});
