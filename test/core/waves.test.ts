import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Wave } from '../../src/config/config.ts';
import { wavesOf } from '../../src/core/waves.ts';

const servers = (count: number) => Array.from({ length: count }, (_, index) => `s${index + 1}`);
const sizes = (count: number, waves: readonly Wave[]) => wavesOf(servers(count), waves).map(({ length }) => length);
const [one, half, all]: readonly Wave[] = [{ count: 1 }, { percent: 50 }, { percent: 100 }];

it.each([
  [5, [one, all], [1, 4]],
  [1, [one, all], [1]],
  [5, [], [5]],
  [5, [{ count: 2 }], [2, 3]],
  [10, [{ count: 1 }, { percent: 25 }, half, all], [1, 3, 5, 1]],
  [3, [{ percent: 1 }], [1, 2]],
  [2, [{ count: 9 }], [2]],
  [0, [one, all], []],
] as [number, Wave[], number[]][])('%i servers in waves %j are %j', (count, waves, expected) => {
  expect(sizes(count, waves)).toEqual(expected);
});

it('every server is in exactly one wave, in order, and no wave is empty', () => {
  const wave: fc.Arbitrary<Wave> = fc.oneof(
    fc.record({ count: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ percent: fc.integer({ min: 1, max: 100 }) }),
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 60 }), fc.array(wave, { maxLength: 6 }), (count, waves) => {
      const cut = wavesOf(servers(count), waves);
      expect(cut.flat()).toEqual(servers(count));
      expect(cut.every(({ length }) => length > 0)).toBe(true);
    }),
  );
});
