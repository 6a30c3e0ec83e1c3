import { otherSlot, type Slot } from './slot.ts';
import type { View } from './view.ts';

/** The slot whose standby has been kept for as long as the configuration says, if there is one. */
export function standbyIsOver(view: View, kept: 'keep' | number, now: number): Slot | undefined {
  if (kept === 'keep' || !view.live) return undefined;
  const standby = otherSlot(view.live);
  const moved = view.deployments.findLast(
    ({ end, command }) => end?.outcome === 'done' && (command === 'deploy' || command === 'rollback'),
  );
  const over = moved?.end !== undefined && moved.end.live === view.live && moved.end.at + kept <= now;
  return over && view.slots[standby].state !== 'stopped' ? standby : undefined;
}
