import { targetSlot, type Cutover, type Step } from '../../src/core/plan.ts';
import { otherSlot, slots, type Slot } from '../../src/core/slot.ts';
import type { Split } from '../../src/core/split.ts';

/** A server as far as a plan can see it. */
export interface State {
  split: Split;
  running: Readonly<Record<Slot, string | undefined>>;
  /** Slots whose release answered since it was started. */
  proven: readonly Slot[];
  /** What must never happen, and did. */
  violations: readonly string[];
}

export function stateBefore({ live, liveRelease, running, occupied, before, release }: Cutover): State {
  const target = targetSlot(live, before);
  const standby = running ? release : occupied ? '0' : undefined;
  const other = live ?? otherSlot(target);
  return {
    split: before,
    running: { blue: undefined, green: undefined, [target]: standby, [other]: liveRelease },
    proven: live ? [live] : [],
    violations: [],
  };
}

/** What becomes of it when each step succeeds. */
export function apply(state: State, plan: readonly Step[]): State {
  return plan.reduce((before, step) => watched(before, after(before, step), step), state);
}

function after(state: State, step: Step): State {
  const { running, proven } = state;
  switch (step.do) {
    case 'start':
      return {
        ...state,
        running: { ...running, [step.slot]: step.release },
        proven: proven.filter((slot) => slot !== step.slot),
      };
    case 'stop':
      return {
        ...state,
        running: { ...running, [step.slot]: undefined },
        proven: proven.filter((slot) => slot !== step.slot),
      };
    case 'probe':
      return running[step.slot] === step.release
        ? { ...state, proven: [...new Set([...proven, step.slot])].toSorted() }
        : state;
    case 'shift':
      return { ...state, split: step.split };
    default:
      return state;
  }
}

/** A first deploy has no proven release to take traffic from: until its shift nothing is promised. */
function watched(before: State, now: State, step: Step): State {
  const hadLive = slots.some((slot) => before.split[slot] > 0 && before.proven.includes(slot));
  const bare = slots.filter((slot) => now.split[slot] > 0 && !(now.running[slot] && now.proven.includes(slot)));
  const broken = hadLive && bare.length > 0 ? [`${step.do}: traffic on ${bare.join()}, which is not proven`] : [];
  const confirmed =
    step.do === 'confirm' && now.split[step.slot] !== 100 ? [`confirm of ${step.slot} cannot succeed`] : [];
  return { ...now, violations: [...now.violations, ...broken, ...confirmed] };
}
