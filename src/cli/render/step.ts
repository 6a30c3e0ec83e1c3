import type { Step } from '../../core/plan.ts';
import { soleSlot, type Split } from '../../core/split.ts';

const hookNames = {
  beforeStart: 'before start',
  afterStart: 'after start',
  beforeSwitch: 'before switch',
  afterSwitch: 'after switch',
  afterFailure: 'after failure',
  activate: 'activate',
  deactivate: 'deactivate',
} as const;

/** What a step is called, in at most eight letters. */
export function stepName(step: Step): string {
  return step.do;
}

function shiftIntent(split: Split): string {
  const sole = soleSlot(split);
  return sole ? `send all traffic to ${sole}` : `share the traffic: blue ${split.blue} %, green ${split.green} %`;
}

/** What a step will do, before it is known how it went. */
export function stepIntent(step: Step): string {
  switch (step.do) {
    case 'stage':
      return `copy the artifact as release ${step.release}`;
    case 'drain':
      return `wait until no connection to ${step.slot} is open${step.cut ? ', then cut what is left' : ''}`;
    case 'stop':
      return `stop ${step.slot}`;
    case 'start':
      return `start release ${step.release} in ${step.slot}`;
    case 'probe':
      return `wait until ${step.slot} is healthy, and is release ${step.release}`;
    case 'hook':
      return `run the hook ${hookNames[step.hook]} for ${step.slot}`;
    case 'warm':
      return `ask ${step.slot} until it is as quick as it will be`;
    case 'watch':
      return `compare release ${step.release} with the old one, at ${step.percent} % of the traffic`;
    case 'shift':
      return shiftIntent(step.split);
    case 'confirm':
      return `see ${step.slot} answer at the front door`;
    case 'prune':
      return 'remove releases that are not kept';
  }
}
