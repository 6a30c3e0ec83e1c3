import { checker } from './health.ts';
import { metricLooks } from './metric.ts';
import { agreed } from './probe.ts';
import type { Slot } from './slot.ts';
import { mustStillRun } from './still-runs.ts';
import { takenBack } from './verdict.ts';
import type { Watched, Watching } from './watch.ts';
import type { World } from './world.ts';

const interval = 1000;
const healthLooks = 10;
/** Silence of the log about what we ask ourselves that means that it is not written. */
const deafAfter = 5000;

/** What is looked at once a second: the process, its health, the log itself, and numbers of the user's own. */
export function lookingAt(
  world: World,
  { proven }: Watched,
  watching: Watching,
  slot: Slot,
  signal: AbortSignal,
): () => Promise<void> {
  const check = checker(world, slot, signal);
  const metrics = metricLooks(world, slot, signal);
  let next = 0;
  return async () => {
    await metrics();
    if (world.clock.elapsed() < next) return;
    next = world.clock.elapsed() + interval;
    await mustStillRun(world, proven, slot);
    await mustStayHealthy(world, watching, slot, async () => agreed(world, slot, await check.once()));
    await world.router.ask(signal);
    listen(world, watching);
  };
}

async function mustStayHealthy(
  { config }: World,
  { health }: Watching,
  slot: Slot,
  look: () => Promise<{ healthy: boolean; answer: string }>,
): Promise<void> {
  const { healthy, answer } = await look();
  health.push(healthy);
  if (health.length > healthLooks) health.shift();
  const misses = health.filter((good) => !good).length;
  if (misses < config.progressive.watch.misses) return;
  const what = `${slot} was unhealthy in ${misses} of ${health.length} looks`;
  throw takenBack({ code: 'UNHEALTHY', what, why: answer });
}

/** On a full disk nginx goes on and writes no log. */
function listen({ clock, report }: World, watching: Watching): void {
  const deaf = watching.mark !== undefined && clock.elapsed() - watching.heard > deafAfter;
  if (deaf && !watching.deaf)
    report({
      type: 'warning',
      text: 'the front door’s log is not written any more: is its disk full? `watch.quiet` decides',
    });
  watching.deaf = deaf;
}
