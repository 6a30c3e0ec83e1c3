import { describe, expect, it } from 'vitest';
import { planAbort, planDeploy } from '../../src/core/plan.ts';

describe('traffic in stages', () => {
  it('gives the new release all of it when the old one died while they shared the traffic', () => {
    const done = [{ do: 'shift', split: { blue: 75, green: 25 } } as const];
    const undo = { before: { blue: 100, green: 0 }, from: 'blue', fromRuns: false, done } as const;
    expect(planAbort(undo)).toEqual([
      { do: 'shift', split: { blue: 0, green: 100 } },
      { do: 'confirm', slot: 'green' },
    ]);
    expect(planAbort({ ...undo, fromRuns: true })[0]).toEqual({ do: 'shift', split: { blue: 100, green: 0 } });
  });

  it('goes on in stages, each watched, and a first deploy at once', () => {
    const cutover = {
      before: { blue: 100, green: 0 },
      release: '2',
      stage: true,
      occupied: false,
      running: false,
    } as const;
    const how = { keepStandby: true, hooks: [], warm: true, stages: [5, 50, 100], watch: true } as const;
    const names = (live: 'blue' | undefined) =>
      planDeploy({ ...cutover, ...how, live, liveRelease: live && '1' }).map((step) =>
        step.do === 'shift' ? `shift ${step.split.green}` : step.do === 'watch' ? `watch ${step.percent}` : step.do,
      );
    const begin = ['stage', 'start', 'probe', 'warm'];
    const end = ['confirm', 'watch 100', 'prune'];
    expect(names('blue')).toEqual([...begin, 'shift 5', 'watch 5', 'shift 50', 'watch 50', 'shift 100', ...end]);
    expect(names(undefined)).toEqual([...begin, 'shift 0', ...end]);
  });
});
