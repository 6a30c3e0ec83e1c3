import { otherSlot, type Slot } from './slot.ts';
import { allTo, shareTo, soleSlot, type Split } from './split.ts';

export type HookName =
  | 'beforeStart'
  | 'afterStart'
  | 'beforeSwitch'
  | 'afterSwitch'
  | 'afterFailure'
  | 'activate'
  | 'deactivate';

/** One thing to do. Every step may be done twice without harm. */
export type Step =
  | { do: 'stage'; release: string }
  /** `cut`: what is still open at the deadline is taken away from the slot, which goes on. */
  | { do: 'drain'; slot: Slot; cut?: true }
  | { do: 'stop'; slot: Slot }
  | { do: 'start'; slot: Slot; release: string }
  /** `warm`: the release has been proven before and has kept running, so one answer is enough. */
  | { do: 'probe'; slot: Slot; release: string; warm?: true }
  /** Requests before anybody else's, until it is as quick as it will be. */
  | { do: 'warm'; slot: Slot; release: string }
  /** At so many percent of the traffic, the new release is compared with the old one. */
  | { do: 'watch'; slot: Slot; release: string; percent: number }
  | { do: 'hook'; hook: HookName; slot: Slot; release: string | undefined }
  | { do: 'shift'; split: Split }
  | { do: 'confirm'; slot: Slot }
  | { do: 'prune' };

/** What a move of the traffic from one release to another needs to know. */
export interface Cutover {
  /** Split in force now. */
  before: Split;
  /** Slot that gets the traffic now; undefined when no release runs yet. */
  live: Slot | undefined;
  liveRelease: string | undefined;
  release: string;
  /** The release is not on the host yet. */
  stage: boolean;
  /** Something occupies the slot the release goes to. */
  occupied: boolean;
  /** The release already runs in the slot it goes to. */
  running: boolean;
  keepStandby: boolean;
  /** The connections that stay on the old slot are taken away from it; it goes on without them. */
  cutOld?: boolean;
  hooks: readonly HookName[];
  /** The release is warmed up. */
  warm?: boolean;
  /** Percents on the way to all of the traffic. */
  stages?: readonly number[];
  /** It is watched when it has all of the traffic. */
  watch?: boolean;
}

/** The slot a release goes to: the one that gets no traffic. */
export function targetSlot(live: Slot | undefined, before: Split): Slot {
  return live ? otherSlot(live) : (soleSlot(before) ?? 'blue');
}

export function planDeploy(cutover: Cutover): readonly Step[] {
  const slot = targetSlot(cutover.live, cutover.before);
  return [
    ...(cutover.stage ? [{ do: 'stage', release: cutover.release } as const] : []),
    ...(cutover.running ? [] : bringUp(slot, cutover)),
    { do: 'probe', slot, release: cutover.release, ...(cutover.running ? { warm: true } : {}) },
    ...(cutover.warm ? [{ do: 'warm', slot, release: cutover.release } as const] : []),
    ...(cutover.running ? [] : hook('afterStart', slot, cutover.release, cutover.hooks)),
    ...hook('beforeSwitch', slot, cutover.release, cutover.hooks),
    ...inStages(slot, cutover),
    { do: 'shift', split: allTo(slot) },
    { do: 'confirm', slot },
    ...(cutover.watch ? [{ do: 'watch', slot, release: cutover.release, percent: 100 } as const] : []),
    ...handOver(slot, cutover),
    ...hook('afterSwitch', slot, cutover.release, cutover.hooks),
    ...retire(cutover),
    ...(cutover.stage ? [{ do: 'prune' } as const] : []),
  ];
}

/** Where nothing is live yet there is nobody to share with. */
function inStages(slot: Slot, { live, release, stages = [] }: Cutover): readonly Step[] {
  if (!live) return [];
  return stages
    .filter((percent) => percent < 100)
    .flatMap((percent) => [
      { do: 'shift', split: shareTo(slot, percent) } as const,
      { do: 'watch', slot, release, percent } as const,
    ]);
}

/** A rollback is the same move towards a release that is on the host already. */
export function planRollback(cutover: Omit<Cutover, 'stage'>): readonly Step[] {
  return planDeploy({ ...cutover, stage: false });
}

export interface Undo {
  before: Split;
  from: Slot | undefined;
  /** Whether the release that had the traffic still runs. */
  fromRuns: boolean;
  /** Steps that were begun, in order. */
  done: readonly Step[];
  /** Release of `from` when it may have been started anew since, by a reboot: it is proven before it gets traffic. */
  unproven?: string | undefined;
}

/**
 * The way back: traffic first, then what was started. Empty when nothing had an effect, and when
 * there is nothing to go back to: traffic is never moved away from a proven release to a dead one.
 */
export function planAbort({ before, from, fromRuns, done, unproven }: Undo): readonly Step[] {
  const last = done.findLast((step) => step.do === 'shift');
  const shifted = last !== undefined;
  if (last && from && !fromRuns) return soleSlot(last.split) ? [] : allAway(from);
  const started = done.find((step) => step.do === 'start');
  const hooks = done.filter((step) => step.do === 'hook').toReversed();
  return [
    ...(shifted && from && unproven ? [{ do: 'probe', slot: from, release: unproven } as const] : []),
    ...(shifted ? [{ do: 'shift', split: before } as const] : []),
    ...(shifted && from ? [{ do: 'confirm', slot: from } as const] : []),
    ...hooks.flatMap((step) => counterpart(step.hook, step.slot, step.release)),
    ...(started ? [{ do: 'stop', slot: started.slot } as const] : []),
  ];
}

/** The old release died while it shared the traffic: all of it goes to the one that was proven and runs. */
function allAway(from: Slot): readonly Step[] {
  const slot = otherSlot(from);
  return [
    { do: 'shift', split: allTo(slot) },
    { do: 'confirm', slot },
  ];
}

/** Index of the step after which there is no way back: the old release's stop, or the tidying up when all is done. */
export function pointOfNoReturn(from: Slot | undefined, plan: readonly Step[]): number {
  const shift = plan.findIndex((step) => step.do === 'shift');
  if (shift === -1) return Infinity;
  const ends = (step: Step) => step.do === 'prune' || (step.do === 'stop' && step.slot === from);
  const end = plan.findIndex((step, at) => at > shift && ends(step));
  return end === -1 ? Infinity : end;
}

export function planUp(slots: readonly { slot: Slot; release: string }[]): readonly Step[] {
  return slots.flatMap(({ slot, release }) => [
    { do: 'start', slot, release } as const,
    { do: 'probe', slot, release } as const,
  ]);
}

/** Ends a slot that gets no traffic any more. */
export function planRetire(slot: Slot): readonly Step[] {
  return [
    { do: 'drain', slot },
    { do: 'stop', slot },
  ];
}

export function planDown(slots: readonly Slot[]): readonly Step[] {
  return slots.map((slot) => ({ do: 'stop', slot }));
}

function bringUp(slot: Slot, { occupied, release, hooks }: Cutover): readonly Step[] {
  return [
    ...(occupied ? planRetire(slot) : []),
    ...hook('beforeStart', slot, release, hooks),
    { do: 'start', slot, release },
  ];
}

function handOver(slot: Slot, { live, liveRelease, release, hooks }: Cutover): readonly Step[] {
  return [...(live ? hook('deactivate', live, liveRelease, hooks) : []), ...hook('activate', slot, release, hooks)];
}

function retire({ live, keepStandby, cutOld }: Cutover): readonly Step[] {
  if (!live) return [];
  if (!keepStandby) return planRetire(live);
  return cutOld ? [{ do: 'drain', slot: live, cut: true }] : [];
}

function hook(
  name: HookName,
  slot: Slot,
  release: string | undefined,
  configured: readonly HookName[],
): readonly Step[] {
  return configured.includes(name) ? [{ do: 'hook', hook: name, slot, release }] : [];
}

function counterpart(name: HookName, slot: Slot, release: string | undefined): readonly Step[] {
  if (name === 'activate') return [{ do: 'hook', hook: 'deactivate', slot, release }];
  if (name === 'deactivate') return [{ do: 'hook', hook: 'activate', slot, release }];
  return [];
}
