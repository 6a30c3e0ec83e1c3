import { nothingDeployed } from './deploy.ts';
import { execute, type Finished } from './execute.ts';
import { recordedLive } from './journal.ts';
import { planDown, planRetire, planUp } from './plan.ts';
import { standbyIsOver } from './standby.ts';
import { beginOf, jobOf, underLock, type SessionOptions } from './session.ts';
import { slots } from './slot.ts';
import { soleSlot } from './split.ts';
import type { View } from './view.ts';
import type { World } from './world.ts';

/**
 * Starts what should run and does not, after a reboot or after `down`, and stops a standby whose
 * time is over. Undefined: all is as it should be.
 */
export function up(world: World, options: SessionOptions): Promise<Finished | undefined> {
  return underLock(world, options, async (view) => {
    const over = standbyIsOver(view, world.config.standby, world.clock.now());
    const plan = [...planUp(missingSlots(view)), ...(over ? planRetire(over) : [])];
    if (plan.length === 0) return undefined;
    const begin = beginOf(world, view, 'up', { plan });
    return execute(world, jobOf(view), begin, options.signal);
  });
}

/** Stops both slots. The public gets no answer from then on. */
export function down(world: World, options: SessionOptions): Promise<Finished | undefined> {
  return underLock(world, options, async (view) => {
    const occupied = slots.filter((slot) => view.slots[slot].state !== 'stopped');
    if (occupied.length === 0) return undefined;
    const begin = beginOf(world, view, 'down', { plan: planDown(occupied) });
    return execute(world, jobOf(view), begin, options.signal);
  });
}

/** The live slot first: it is what the public waits for. */
export function missingSlots(view: View): readonly { slot: (typeof slots)[number]; release: string }[] {
  const routed = soleSlot(view.split);
  const order = slots.toSorted((a, b) => Number(b === routed) - Number(a === routed));
  const last = recordedLive(view.deployments);
  if (!last && slots.every((slot) => view.slots[slot].release === undefined)) throw nothingDeployed();
  return order.flatMap((slot) => {
    const release = view.slots[slot].release ?? (slot === routed && slot === last?.live ? last.release : undefined);
    return release !== undefined && view.slots[slot].state !== 'running' ? [{ slot, release }] : [];
  });
}
