import { Failure } from './failure.ts';
import type { Slot } from './slot.ts';
import type { World } from './world.ts';

/** The process that was proven healthy. */
export interface Proven {
  slot: Slot;
  pid: number | undefined;
}

/** A supervisor starts it again, but what died under its first requests is not what was proven. */
export async function mustStillRun({ runtime }: World, proven: Proven | undefined, slot: Slot): Promise<void> {
  if (proven?.slot !== slot) return;
  const { pid, detail, fix } = await runtime.inspect(slot, 'alive');
  if (pid === proven.pid) return;
  throw new Failure({
    code: 'APP_DIED',
    what: `the application in ${slot} died under its first traffic`,
    why: detail ?? `process ${proven.pid ?? '?'} is gone, ${pid ?? 'none'} took its place`,
    fix: fix ? `${fix}; then deploy again` : 'see `cutover logs` of the release, mend it, then deploy again',
  });
}
