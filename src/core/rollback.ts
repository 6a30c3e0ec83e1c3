import { configuredHooks, cutsOld, nothingDeployed } from './deploy.ts';
import { execute, type Finished } from './execute.ts';
import { exitCodes, Failure } from './failure.ts';
import { planRollback } from './plan.ts';
import { mustReachFrontDoor, preflight } from './preflight.ts';
import type { Release } from './release.ts';
import { beginOf, jobOf, underLock, type Planned, type SessionOptions } from './session.ts';
import { otherSlot, type Slot } from './slot.ts';
import { look, mustAgree, type View } from './view.ts';
import type { World } from './world.ts';

export interface RollbackOptions extends SessionOptions {
  /** Undefined: the release before the live one. */
  release: string | undefined;
  message: string | undefined;
}

export function rollback(world: World, options: RollbackOptions): Promise<Finished> {
  return underLock(world, { ...options, depth: 'alive' }, async (view) => {
    const { begin, job } = await plannedRollback(world, view, options);
    return execute(world, job, begin, options.signal);
  });
}

export async function plannedRollback(
  world: World,
  view: View,
  { release, message, prove }: Pick<RollbackOptions, 'release' | 'message' | 'prove'>,
): Promise<Planned> {
  mustAgree(view);
  const { live } = view;
  if (!live) throw nothingDeployed();
  const target = targetRelease(view, live, release);
  mustBeReversible(view, live, target);
  mustReachFrontDoor(world, view);
  const slot = otherSlot(live);
  const running = isUp(view, slot, target.id);
  if (!running) await preflight(world, await look(world), slot);
  const plan = planRollback({
    before: view.split,
    live,
    liveRelease: view.slots[live].release,
    release: target.id,
    occupied: view.slots[slot].state !== 'stopped',
    running,
    keepStandby: world.config.standby !== 0,
    cutOld: cutsOld(world),
    hooks: configuredHooks(world),
  });
  const begin = beginOf(world, view, 'rollback', { plan, to: slot, release: target.id, message });
  return { begin, job: jobOf(view, undefined, prove) };
}

function isUp({ slots }: View, slot: Slot, release: string): boolean {
  return slots[slot].state === 'running' && slots[slot].release === release;
}

/** Without a name: the newest release that was live before the live one was deployed. */
function targetRelease(view: View, live: Slot, named: string | undefined): Release {
  const current = view.slots[live].release;
  if (named !== undefined && named === current) throw alreadyLive(named);
  const wanted = named ?? releaseBefore(view, current);
  const release = view.releases.find(({ id }) => id === wanted);
  if (release) return release;
  throw noSuchRelease(view, named);
}

export function releaseBefore({ deployments, releases }: View, current: string | undefined): string | undefined {
  const wasLive = new Set(
    deployments.flatMap(({ end }) => (end?.outcome === 'done' && end.release ? [end.release] : [])),
  );
  return releases.findLast(({ id }) => wasLive.has(id) && Number(id) < Number(current ?? 0))?.id;
}

function mustBeReversible({ releases, slots }: View, live: Slot, target: Release): void {
  const current = Number(slots[live].release ?? 0);
  const barrier = releases.find(
    ({ id, notReversible }) => notReversible && Number(id) > Number(target.id) && Number(id) <= current,
  );
  if (!barrier) return;
  throw new Failure({
    code: 'NOT_REVERSIBLE',
    what: `release ${barrier.id} was marked as not reversible`,
    why: barrier.notReversible,
    fix: 'deploy a release that mends it; going back past this one would break more',
  });
}

function alreadyLive(release: string): Failure {
  return new Failure({ code: 'ALREADY_LIVE', exit: exitCodes.usage, what: `release ${release} is live already` });
}

function noSuchRelease({ releases }: View, named: string | undefined): Failure {
  return new Failure({
    code: 'NO_SUCH_RELEASE',
    exit: exitCodes.usage,
    what: named ? `release ${named} is not on the server` : 'there is no release before this one',
    why: `kept: ${releases.map(({ id }) => id).join(', ') || 'none'}`,
    fix: 'name one of these, or deploy',
  });
}
