import { underLock } from './session.ts';
import { look, type View } from './view.ts';
import type { World } from './world.ts';

/** The guard on the server waits 20 s; ssh gives up a try after 10 s. */
const patience = 90_000;
const interval = 1000;

interface Lost {
  world: World;
  /** Connects anew. */
  reopen(): Promise<World>;
}

/**
 * After the connection was lost: as soon as the server answers again and what held the lock there is
 * proven dead, what it left is put right. Undefined: it did not answer in time.
 */
export async function putRightAfterLoss(server: Lost): Promise<{ release: string | undefined } | undefined> {
  return afterLoss(server, async (world) => {
    const { live, slots } = await look(world, 'alive');
    return { release: live && slots[live].release };
  });
}

/** The same, and then some work under the lock; it is tried again when it fails. */
export async function afterLoss<T>(
  server: Lost,
  work: (world: World, view: View) => Promise<T>,
): Promise<T | undefined> {
  const { clock, who } = server.world;
  const options = { command: `recover by ${who}`, wait: patience, signal: new AbortController().signal };
  for (const end = clock.elapsed() + patience; clock.elapsed() < end; await clock.sleep(interval)) {
    try {
      const world = await server.reopen();
      return await underLock(world, options, (view) => work(world, view));
    } catch {
      // Not yet.
    }
  }
  return undefined;
}
