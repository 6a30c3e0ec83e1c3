import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  planAbort,
  planDeploy,
  planRollback,
  pointOfNoReturn,
  targetSlot,
  type Cutover,
  type Step,
} from '../../src/core/plan.ts';
import { slots, type Slot } from '../../src/core/slot.ts';
import { allTo } from '../../src/core/split.ts';
import { apply, stateBefore, type State } from '../support/plan-model.ts';

const hookNames = ['beforeStart', 'afterStart', 'beforeSwitch', 'afterSwitch', 'activate', 'deactivate'] as const;

/** Every move of traffic that the commands can ask for. */
const cutovers: fc.Arbitrary<Cutover> = fc
  .record({
    slot: fc.constantFrom<Slot>('blue', 'green'),
    first: fc.boolean(),
    stage: fc.boolean(),
    occupied: fc.boolean(),
    running: fc.boolean(),
    keepStandby: fc.boolean(),
    hooks: fc.subarray([...hookNames]),
  })
  .map(({ slot, first, running, stage, ...rest }) => ({
    ...rest,
    before: allTo(slot),
    live: first ? undefined : slot,
    liveRelease: first ? undefined : '1',
    release: '2',
    stage: stage && !running,
    running: running && !first,
    occupied: rest.occupied || (running && !first),
  }));

/** Every point at which it can end: before step `at`, or in its middle, with or without its effect. */
function cutsOf(plan: readonly Step[]): readonly { done: readonly Step[]; effects: readonly Step[] }[] {
  return plan.flatMap((_, at) => [
    { done: plan.slice(0, at), effects: plan.slice(0, at) },
    { done: plan.slice(0, at + 1), effects: plan.slice(0, at) },
    { done: plan.slice(0, at + 1), effects: plan.slice(0, at + 1) },
  ]);
}

function wayBack(cutover: Cutover, done: readonly Step[], state: State): readonly Step[] {
  const from = cutover.live;
  return planAbort({
    before: cutover.before,
    from,
    fromRuns: from !== undefined && state.running[from] !== undefined,
    done,
  });
}

function always(check: (cutover: Cutover, plan: readonly Step[]) => void): void {
  fc.assert(
    fc.property(cutovers, (cutover) => void check(cutover, planDeploy(cutover))),
    { numRuns: 300 },
  );
}

describe('the plan of any deploy or rollback', () => {
  it('moves traffic only to a slot that was probed since it was started', () => {
    always((cutover, plan) => {
      const end = apply(stateBefore(cutover), plan);
      expect(end.violations).toEqual([]);
      expect(end.split).toEqual(allTo(targetSlot(cutover.live, cutover.before)));
    });
  });

  it('never touches the slot that has the traffic before the shift was confirmed', () => {
    always(({ live }, plan) => {
      const confirmed = plan.findIndex((step) => step.do === 'confirm');
      const touching = plan.filter((step) => 'slot' in step && step.slot === live && step.do !== 'hook');
      for (const step of touching) expect(plan.indexOf(step)).toBeGreaterThan(confirmed);
    });
  });

  it('tells schedulers to leave the old slot before they come to the new one, after the shift', () => {
    always(({ hooks, live }, plan) => {
      const at = (name: string) => plan.findIndex((step) => step.do === 'hook' && step.hook === name);
      expect(at('activate') !== -1).toBe(hooks.includes('activate'));
      expect(at('deactivate') !== -1).toBe(hooks.includes('deactivate') && live !== undefined);
      for (const name of ['activate', 'deactivate'] as const)
        if (at(name) !== -1) expect(at(name)).toBeGreaterThan(plan.findIndex((step) => step.do === 'confirm'));
      if (at('activate') !== -1 && at('deactivate') !== -1) expect(at('deactivate')).toBeLessThan(at('activate'));
    });
  });

  it('is the same for a rollback, which stages nothing', () => {
    always((cutover) => expect(planRollback(cutover)).toEqual(planDeploy({ ...cutover, stage: false })));
  });
});

describe('the way back from any point of any plan', () => {
  it('leaves the traffic where it was, on a release that runs and was proven', () => {
    always((cutover, plan) => {
      const noReturn = pointOfNoReturn(cutover.live, plan);
      for (const { done, effects } of cutsOf(plan)) {
        if (done.length > noReturn) continue;
        const cut = apply(stateBefore(cutover), effects);
        const end = apply(cut, wayBack(cutover, done, cut));
        expect(end.split).toEqual(cutover.before);
        if (!cutover.live) continue;
        expect(end.violations).toEqual([]);
        expect(end.running[cutover.live]).toBe('1');
      }
    });
  });

  it('leaves nothing running that was not there before', () => {
    always((cutover, plan) => {
      for (const { done, effects } of cutsOf(plan).filter(
        (cut) => cut.done.length <= pointOfNoReturn(cutover.live, plan),
      )) {
        const before = stateBefore(cutover);
        const cut = apply(before, effects);
        const end = apply(cut, wayBack(cutover, done, cut));
        for (const slot of slots) expect([undefined, before.running[slot]]).toContain(end.running[slot]);
      }
    });
  });

  it('ends the same when it is itself cut anywhere and gone again', () => {
    always((cutover, plan) => {
      for (const { done, effects } of cutsOf(plan).filter(
        (cut) => cut.done.length <= pointOfNoReturn(cutover.live, plan),
      )) {
        const cut = apply(stateBefore(cutover), effects);
        const back = wayBack(cutover, done, cut);
        const once = apply(cut, back);
        for (const [at] of back.entries()) {
          const twice = apply(apply(cut, back.slice(0, at)), back);
          expect(twice).toEqual(once);
        }
        expect(apply(once, wayBack(cutover, done, once))).toEqual(once);
      }
    });
  });

  it('never takes traffic from a proven release to one that has died', () => {
    always((cutover, plan) => {
      if (!cutover.live) return;
      const shift = plan.findIndex((step) => step.do === 'shift');
      for (const { done, effects } of cutsOf(plan).filter((cut) => cut.effects.length > shift)) {
        const cut = apply(stateBefore(cutover), effects);
        const died: State = { ...cut, running: { ...cut.running, [cutover.live]: undefined } };
        expect(wayBack(cutover, done, died)).toEqual([]);
      }
    });
  });
});

describe('the point of no return', () => {
  it('is the stop of the old release, or the tidying up where a standby is kept', () => {
    always(({ live, keepStandby, stage }, plan) => {
      const at = pointOfNoReturn(live, plan);
      if ((!live || keepStandby) && !stage) return void expect(at).toBe(Infinity);
      expect(plan[at]).toEqual(!live || keepStandby ? { do: 'prune' } : { do: 'stop', slot: live });
      expect(plan.findIndex((step) => step.do === 'confirm')).toBeLessThan(at);
    });
  });

  it('is not there in a plan that moves no traffic', () => {
    expect(pointOfNoReturn('blue', [{ do: 'stop', slot: 'blue' }])).toBe(Infinity);
    expect(pointOfNoReturn(undefined, planDeploy({ ...first, stage: false }))).toBe(Infinity);
  });

  it('once passed, leads on to the new release from every later point', () => {
    always((cutover, plan) => {
      const noReturn = pointOfNoReturn(cutover.live, plan);
      for (const { done, effects } of cutsOf(plan).filter((cut) => cut.done.length > noReturn)) {
        const end = apply(apply(stateBefore(cutover), effects), plan.slice(noReturn));
        expect(done.length).toBeGreaterThan(noReturn);
        expect(end.violations).toEqual([]);
        expect(end.split).toEqual(allTo(targetSlot(cutover.live, cutover.before)));
      }
    });
  });
});

const first: Cutover = {
  before: allTo('blue'),
  live: undefined,
  liveRelease: undefined,
  release: '1',
  stage: true,
  occupied: false,
  running: false,
  keepStandby: false,
  hooks: [],
};
