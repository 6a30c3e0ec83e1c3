import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { getsTraffic, judged, newMember, serving, type Member } from '../../src/core/member.ts';

const patience = { rise: 2, fall: 3 };
const check = (healthy: boolean) => ({ healthy, answer: healthy ? 'answered 200' : 'connection refused' });

function after(healths: readonly boolean[], from: Member = newMember('blue', '10.0.0.1:1', 0)): Member {
  return healths.reduce((member, healthy, index) => judged(member, check(healthy), patience, index + 1), from);
}

describe('a server of a pool', () => {
  it('is suspect after one miss and still gets traffic', () => {
    expect(after([false])).toMatchObject({ state: 'suspect', since: 1, answer: 'connection refused' });
    expect(getsTraffic(after([false]))).toBe(true);
  });

  it('is ready again after one success while it is only suspect', () => {
    expect(after([false, false, true])).toMatchObject({ state: 'ready', against: 0 });
  });

  it('is out after so many misses in a row, and back after so many successes in a row', () => {
    expect(after([false, false, false]).state).toBe('offline');
    expect(after([false, false, false, true]).state).toBe('offline');
    expect(after([false, false, false, true, false, true]).state).toBe('offline');
    expect(after([false, false, false, true, true]).state).toBe('ready');
  });

  it('that a person took out comes back by a person alone', () => {
    const drained = { ...newMember('blue', '10.0.0.1:1', 0), state: 'drain' as const };
    expect(after([true, true, true, false, true, true], drained).state).toBe('drain');
  });

  it('never goes out without `fall` misses in a row, nor comes back without `rise` successes in a row', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        (healths, rise, fall) => {
          let member = newMember('blue', '10.0.0.1:1', 0);
          for (const [index, healthy] of healths.entries()) {
            const next = judged(member, check(healthy), { rise, fall }, index);
            const lastOnes = (count: number, what: boolean) =>
              index + 1 >= count && healths.slice(index + 1 - count, index + 1).every((one) => one === what);
            if (next.state === 'offline' && member.state !== 'offline') expect(lastOnes(fall, false)).toBe(true);
            if (member.state === 'offline' && next.state === 'ready') expect(lastOnes(rise, true)).toBe(true);
            if (healthy && member.state !== 'offline') expect(next.state).toBe('ready');
            member = next;
          }
        },
      ),
    );
  });
});

describe('a pool', () => {
  const member = (state: Member['state'], address: string) => ({ ...newMember('blue', address, 0), state });

  it('serves with those that can', () => {
    const pool = [member('ready', 'a'), member('suspect', 'b'), member('offline', 'c'), member('drain', 'd')];
    expect(serving(pool).map(({ address }) => address)).toEqual(['a', 'b']);
  });

  it('serves with all that no person took out when none can: it is never empty', () => {
    expect(serving([member('offline', 'a'), member('drain', 'b')]).map(({ address }) => address)).toEqual(['a']);
    expect(serving([member('drain', 'a')])).toHaveLength(1);
  });
});
