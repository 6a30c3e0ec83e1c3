import type { Deployment } from './journal.ts';
import { releaseBefore } from './rollback.ts';
import { otherSlot, type Slot } from './slot.ts';
import { wayOut, type View } from './view.ts';

/** What to type next, for people. `weak`: why the standby could not take over. */
export function nextCommand(view: View, running: boolean, standbyOver: boolean, weak: string | undefined): string {
  if (view.unfinished)
    return running ? whileRunning(view.unfinished) : '`cutover recover`: a deployment was interrupted';
  if (view.disagreements.length > 0) return wayOut(view.split);
  if (!view.live) return '`cutover deploy`';
  const live = view.slots[view.live];
  if (live.taken) return '`cutover deploy`: it takes over from what runs there';
  const trouble = liveTrouble(view, view.live);
  if (trouble) return trouble;
  if (!view.frontDoor.slot) return '`cutover doctor`: the front door does not answer';
  if ((view.frontDoor.status ?? 0) >= 500)
    return `\`cutover logs ${view.live}\`: the front door answers ${view.frontDoor.status}`;
  if (standbyOver) return '`cutover up`: it stops the standby, whose time is over';
  const standby = view.slots[otherSlot(view.live)];
  const named = standbyIsNewer(view, view.live) ? ` ${standby.release ?? ''}` : '';
  if (standby.health === 'unhealthy' || weak)
    return `\`cutover logs ${otherSlot(view.live)}\`: the standby is unhealthy, a rollback would be refused`;
  if (standby.state === 'running') return `\`cutover deploy\`, or \`cutover rollback${named}\` to switch at once`;
  return releaseBefore(view, live.release)
    ? '`cutover deploy`, or `cutover rollback` (starts the release before)'
    : '`cutover deploy`';
}

function whileRunning({ plan, begun }: Deployment): string {
  const watches = plan[begun.at(-1) ?? -1]?.do === 'watch';
  return watches ? '`cutover promote`, `pause` or `abort`; or wait' : 'wait: a deployment is running';
}

/** To start what ends again and again, or what runs and is unhealthy, is no help. */
function liveTrouble(view: View, slot: Slot): string | undefined {
  const { state, restarts, health, release } = view.slots[slot];
  const back = releaseBefore(view, release) ? '; `cutover rollback` goes back' : '';
  if (state === 'running')
    return health === 'unhealthy' ? `\`cutover logs ${slot}\`: the live release is unhealthy${back}` : undefined;
  if (restarts === 0) return '`cutover up`: the live release does not run';
  return `\`cutover logs ${slot}\`: the live release ends again and again${back}`;
}

/** After a rollback the standby holds the later release, which has to be named. */
function standbyIsNewer(view: View, live: Slot): boolean {
  return Number(view.slots[otherSlot(live)].release ?? 0) > Number(view.slots[live].release ?? 0);
}
