import { execute } from './execute.ts';
import { asFailure, exitCodes, Failure, isLost } from './failure.ts';
import type { Fleet, ServerResult, Turn } from './fleet.ts';
import type { Begin } from './journal.ts';
import { afterLoss, putRightAfterLoss } from './loss.ts';
import { plannedRollback } from './rollback.ts';
import { look, type View } from './view.ts';
import type { World } from './world.ts';

/** Those that had switched go back, if that is wanted; those whose connection was lost are put right when they answer again. */
export async function putRight(
  fleet: Fleet,
  turns: readonly Turn[],
  results: readonly ServerResult[],
  signal: AbortSignal,
): Promise<readonly ServerResult[]> {
  const failing = results.filter(({ failure }) => failure).map(({ name }) => name);
  const switched = results.filter(({ outcome }) => outcome === 'done').map(({ name }) => name);
  const why = failing.length > 0 ? `${failing.join(', ')} failed` : `interrupted by ${String(signal.reason)}`;
  if (fleet.onFailure === 'back' && switched.length > 0) fleet.tell({ type: 'back', servers: switched, why });
  return Promise.all(
    results.map(async (result, index) => {
      const turn = turns[index];
      if (!turn) return result;
      if (result.outcome === 'done') return fleet.onFailure === 'back' ? takeBack(turn, result, why) : result;
      if (!isLost(result.failure)) return settledResult(result);
      const live = await putRightAfterLoss(turn.server);
      return live ? { ...result, release: live.release } : { ...result, outcome: 'stuck', release: undefined };
    }),
  );
}

function settledResult(result: ServerResult): ServerResult {
  return result.failure?.exit === exitCodes.needsPerson ? { ...result, outcome: 'stuck' } : result;
}

/** Over the connection that there is; when that is lost, over a new one. What somebody else has deployed meanwhile stays. */
async function takeBack({ server, planned }: Turn, result: ServerResult, why: string): Promise<ServerResult> {
  const { world } = server;
  const { begin } = planned;
  const back = (release: string | undefined) => ({ ...result, outcome: 'back', release }) as const;
  try {
    return back(await goBack(world, await look(world, 'alive'), begin, why));
  } catch (error) {
    const failure = asFailure(error);
    const stuck = { ...result, outcome: 'stuck', failure: result.failure ?? failure } as const;
    if (!isLost(failure)) return stuck;
    const again = await afterLoss(server, async (anew, view) => {
      const release = view.live && view.slots[view.live].release;
      if (release === begin.release) return goBack(anew, view, begin, why).then(back, () => ({ ...stuck, release }));
      return release === begin.fromRelease ? back(release) : { ...stuck, release };
    });
    return again ?? { ...stuck, release: undefined };
  }
}

async function goBack(world: World, view: View, { fromRelease }: Begin, why: string): Promise<string | undefined> {
  if (fromRelease === undefined) throw hadNothing();
  const back = await plannedRollback(world, view, { release: fromRelease, message: `taken back: ${why}` });
  return (await execute(world, back.job, back.begin, new AbortController().signal)).end.release;
}

function hadNothing(): Failure {
  return new Failure({
    code: 'NO_SUCH_RELEASE',
    what: 'it stays on the new release: there was none before it',
    fix: 'deploy one that is good, or `cutover down`',
  });
}
