import { underLock } from './session.ts';
import { look } from './view.ts';
import type { World } from './world.ts';

/** The guard on the server waits 20 s; ssh gives up a try after 10 s. */
const patience = 90_000;
const interval = 1000;

/**
 * After the connection was lost: as soon as the server answers again and what held the lock there is
 * proven dead, what it left is put right. Undefined: it did not answer in time.
 */
export async function putRightAfterLoss(server: {
  world: World;
  reopen(): Promise<World>;
}): Promise<{ release: string | undefined } | undefined> {
  const { clock, who } = server.world;
  const options = { command: `recover by ${who}`, wait: patience, signal: new AbortController().signal };
  for (const end = clock.elapsed() + patience; clock.elapsed() < end; await clock.sleep(interval)) {
    try {
      const world = await server.reopen();
      const { live, slots } = await underLock(world, options, () => look(world, 'alive'));
      return { release: live && slots[live].release };
    } catch {
      // Not yet.
    }
  }
  return undefined;
}
