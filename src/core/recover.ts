import { execute, type Finished } from './execute.ts';
import { exitCodes, Failure } from './failure.ts';
import { recordedLive } from './journal.ts';
import type { Step } from './plan.ts';
import { beginOf, jobOf, underLock, type SessionOptions } from './session.ts';
import { allTo, soleSlot } from './split.ts';
import { mustAgree, type View } from './view.ts';
import type { World } from './world.ts';

export interface RecoverOptions extends SessionOptions {
  /** Whom to believe where they disagree; undefined: nobody, and the disagreement is shown. */
  trust: 'router' | 'records' | undefined;
}

/**
 * Puts an interrupted deployment right, which taking the lock does. What is left then is a
 * disagreement that only a person can decide. Undefined: nothing was wrong with it.
 */
export function recover(world: World, options: RecoverOptions): Promise<Finished | undefined> {
  return underLock(world, options, async (view) => {
    if (view.disagreements.length === 0) return undefined;
    if (options.trust === undefined) mustAgree(view);
    if (options.trust === 'router') mustLeadSomewhere(view);
    const plan = options.trust === 'records' ? towardsRecords(view) : asRouted(view);
    const trusted = options.trust === 'records' ? recordedLive(view.deployments)?.live : soleSlot(view.split);
    const release = trusted && view.slots[trusted].release;
    const begin = beginOf(world, view, 'recover', { plan, ...(release ? { release } : {}) });
    return execute(world, jobOf(view), begin, options.signal);
  });
}

/** What the router does now is written again, so that it is the same after a reboot. */
function asRouted({ split }: View): readonly Step[] {
  return soleSlot(split) ? [{ do: 'shift', split }] : [];
}

/** Rules that are gone are no witness. */
function mustLeadSomewhere({ split }: View): void {
  if (split.blue + split.green > 0) return;
  throw new Failure({
    code: 'ROUTER_EMPTY',
    exit: exitCodes.needsPerson,
    what: 'the router leads nowhere, so there is nothing to believe it',
    why: 'its rules are gone: somebody else removed them',
    fix: '`cutover recover --trust records` puts them back',
  });
}

/** Traffic never moves to a slot in which nothing runs. */
function towardsRecords(view: View): readonly Step[] {
  const live = recordedLive(view.deployments)?.live;
  if (live && view.slots[live].state === 'running')
    return [
      { do: 'shift', split: allTo(live) },
      { do: 'confirm', slot: live },
    ];
  throw new Failure({
    code: 'RECORDS_DEAD',
    exit: exitCodes.needsPerson,
    what: `the records say ${live ?? 'no slot'} is live, but nothing runs there`,
    fix: 'believe the router instead: `cutover recover --trust router`',
  });
}
