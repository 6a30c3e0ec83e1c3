import type { Config } from '../config/config.ts';
import type { Step } from './plan.ts';
import type { World } from './world.ts';

/** Longest time that the front door may take to answer from the new slot, in milliseconds. */
export const confirmDeadline = 5000;
/** Time that a warm-up's requests have beyond its deadline, in milliseconds: cut off in the middle, they would cost compiled code. */
export const warmGrace = 1000;

function longestStage({ progressive: { shift, watch } }: Config, percent: number): number {
  const stage = shift?.stages.find((one) => one.percent === percent);
  const time = percent === 100 ? watch.time : (stage?.time ?? 0);
  return watch.quiet === 'wait' || (stage?.requests ?? 0) > 0 ? Math.max(time, watch.longest) : time;
}

/** The longest that the plan may take, in milliseconds: the sum of its steps' own deadlines. */
export function deadlineOf({ config }: World, plan: readonly Step[]): number {
  const each = plan.map((step) => {
    if (step.do === 'probe') return config.health.deadline;
    if (step.do === 'drain') return config.drain;
    if (step.do === 'stop') return config.grace;
    if (step.do === 'confirm') return confirmDeadline;
    if (step.do === 'warm') return (config.progressive.warmup?.deadline ?? 0) + warmGrace;
    if (step.do === 'watch') return longestStage(config, step.percent);
    return step.do === 'hook' ? (config.hooks[step.hook]?.deadline ?? 0) : 0;
  });
  return each.reduce((sum, time) => sum + time, 0);
}
