import { exitCodes, Failure } from './failure.ts';
import { otherSlot, type Slot } from './slot.ts';
import type { View } from './view.ts';
import type { World } from './world.ts';

/** Everything that can be known to be wrong before anything is touched. */
export async function preflight(world: World, view: View, slot: Slot, shares = false): Promise<void> {
  mustReachFrontDoor(world, view);
  mustBeFree(world, view, slot);
  await mustFitMemory(world, view, slot);
  const checked = await Promise.allSettled(world.checks.map((check) => check({ shares })));
  for (const outcome of checked) if (outcome.status === 'rejected') throw outcome.reason;
}

/** Whatever the status: an answer that came through our location proves the way. */
export function mustReachFrontDoor({ router }: World, { frontDoor }: View): void {
  if (frontDoor.slot) return;
  throw new Failure({
    code: 'FRONT_DOOR_SILENT',
    what: 'the front door does not lead to this app',
    why: `${frontDoor.detail} (router: ${router.name})`,
    fix: 'was `cutover setup` done since cutover.yaml changed, and is nginx running? `cutover doctor` looks at each',
  });
}

function mustBeFree({ config }: World, view: View, slot: Slot): void {
  if (!view.slots[slot].taken) return;
  const port = config.slots[slot];
  throw new Failure({
    code: 'PORT_TAKEN',
    what: `port ${port} of ${slot} is taken by a process that is not ours`,
    why: 'it was not started by cutover, so it is not stopped by cutover',
    fix: `see who it is with \`ss -ltnp 'sport = :${port}'\`, end it, or give the slots other ports`,
  });
}

/** A second copy needs about what the live one has, less what a standby in its slot gives back. */
async function mustFitMemory({ config, host }: World, view: View, slot: Slot): Promise<void> {
  const needed = config.memory.needed ?? view.slots[otherSlot(slot)].memory;
  if (!config.memory.check || needed === undefined) return;
  const meminfo = (await host.read('/proc/meminfo')) ?? '';
  const available = Number(/^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1] ?? Infinity) * 1024;
  const freed = view.slots[slot].memory ?? 0;
  if (available + freed >= needed) return;
  const megabytes = (bytes: number) => `${Math.round(bytes / 1024 ** 2)} MB`;
  throw new Failure({
    code: 'NO_MEMORY',
    exit: exitCodes.safe,
    what: 'there is not enough memory for a second copy of the application',
    why: `${megabytes(available + freed)} are available, ${megabytes(needed)} are needed`,
    fix: 'give the application a smaller heap (`-Xmx` in `run`), add memory or swap, or set memory.check: false',
  });
}
