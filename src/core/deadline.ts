import type { Step } from './plan.ts';
import type { World } from './world.ts';

/** Longest time that the front door may take to answer from the new slot, in milliseconds. */
export const confirmDeadline = 5000;

/** The longest that the plan may take, in milliseconds: the sum of its steps' own deadlines. */
export function deadlineOf({ config }: World, plan: readonly Step[]): number {
  const each = plan.map((step) => {
    if (step.do === 'probe') return config.health.deadline;
    if (step.do === 'drain') return config.drain;
    if (step.do === 'stop') return config.grace;
    if (step.do === 'confirm') return confirmDeadline;
    return step.do === 'hook' ? (config.hooks[step.hook]?.deadline ?? 0) : 0;
  });
  return each.reduce((sum, time) => sum + time, 0);
}
