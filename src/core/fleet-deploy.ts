import { nextId, plannedDeploy, type DeployOptions } from './deploy.ts';
import { rollOut, type Fleet, type FleetResult, type FleetServer, type Ready } from './fleet.ts';
import { exitCodes, Failure } from './failure.ts';
import { plannedRollback, releaseBefore, type RollbackOptions } from './rollback.ts';
import type { Release } from './release.ts';
import type { Artifact } from './stage.ts';
import type { View } from './view.ts';

export interface FleetDeployOptions extends DeployOptions {
  /** Servers on which this very artifact is live already are left alone. */
  catchUp: boolean;
}

/** The release has one number on all servers: the next that none of them has used, or what the others know it by. */
export function deployToAll(
  fleet: Fleet,
  artifactFor: (server: FleetServer) => Artifact,
  options: FleetDeployOptions,
): Promise<FleetResult> {
  return rollOut(fleet, options, (ready) => {
    const ahead = options.catchUp ? ready.filter(({ server, view }) => isLive(view, artifactFor(server))) : [];
    const lagging = ready.filter((one) => !ahead.includes(one));
    const next = Math.max(0, ...lagging.map(({ view }) => Number(nextId(view))));
    const known = Math.max(0, ...ahead.map(({ view }) => Number(liveRelease(view)?.id)));
    const id = String(Math.max(next, known));
    return ready.map((one) =>
      ahead.includes(one) ? undefined : plannedDeploy(one.server.world, one.view, artifactFor(one.server), options, id),
    );
  });
}

function isLive(view: View, { digest, name }: Artifact): boolean {
  const live = liveRelease(view);
  return digest === '' ? live?.name === name : live?.digest === digest;
}

export function liveRelease({ live, slots, releases }: View): Release | undefined {
  const id = live && slots[live].release;
  return releases.find((release) => release.id === id);
}

/** Back is back everywhere: one wave, and where one cannot, the others stay back. */
export function rollBackAll(fleet: Fleet, options: RollbackOptions): Promise<FleetResult> {
  const atOnce: Fleet = { ...fleet, waves: [], onFailure: 'stop' };
  return rollOut(atOnce, { ...options, depth: 'alive' }, (ready) => {
    if (options.release === undefined) mustGoBackAlike(ready);
    return ready.map(({ server, view }) => plannedRollback(server.world, view, options));
  });
}

/** One that has nothing to go back to refuses by itself. */
function mustGoBackAlike(ready: readonly Ready[]): void {
  const targets = ready.flatMap(({ server, view }) =>
    view.live ? [{ name: server.name, release: releaseBefore(view, view.slots[view.live].release) }] : [],
  );
  if (targets.some(({ release }) => release === undefined)) return;
  if (new Set(targets.map(({ release }) => release)).size <= 1) return;
  throw new Failure({
    code: 'DIFFERENT_RELEASES',
    exit: exitCodes.usage,
    what: 'the servers would go back to different releases, so none was touched',
    why: targets.map(({ name, release }) => `${name} to release ${release}`).join('\n'),
    fix: 'name the release: `cutover rollback RELEASE`, or choose servers with --only',
  });
}
