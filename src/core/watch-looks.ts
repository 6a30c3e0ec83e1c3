import { checker } from './health.ts';
import { lookAtMetrics } from './metric.ts';
import { agreed } from './probe.ts';
import type { Slot } from './slot.ts';
import { mustStillRun } from './still-runs.ts';
import { takenBack } from './verdict.ts';
import type { About } from './user-command.ts';
import type { Watched, Watching } from './watch.ts';
import type { World } from './world.ts';

const interval = 1000;
const healthLooks = 10;
/** Silence of the log about what we ask ourselves that means that it is not written. */
const deafAfter = 5000;

/** Looks that take their time, beside the log, which is read on meanwhile. */
export interface Looks {
  /** Begins what is due; throws what an earlier look found. */
  go(): void;
  /** Waits for what was begun; rejects with what it found. */
  end(): Promise<void>;
}

/** The user's own numbers; and once a second the process, its health, and the log itself. */
export function lookingAt(
  world: World,
  { proven }: Watched,
  watching: Watching,
  about: About,
  signal: AbortSignal,
): readonly Looks[] {
  const { slot } = about;
  const check = checker(world, slot, signal);
  const onceASecond = async () => {
    await mustStillRun(world, proven, slot);
    await mustStayHealthy(world, watching, slot, async () => agreed(world, slot, await check.once()));
    await world.router.ask(signal);
    listen(world, watching);
  };
  return [beside(() => lookAtMetrics(world, about, watching.metrics, signal)), beside(inIntervals(world, onceASecond))];
}

function inIntervals({ clock }: World, look: () => Promise<void>): () => Promise<void> {
  let next = 0;
  return async () => {
    if (clock.elapsed() < next) return;
    next = clock.elapsed() + interval;
    await look();
  };
}

function beside(look: () => Promise<void>): Looks {
  let pending: Promise<void> | undefined;
  let found: { error: unknown } | undefined;
  const seen = () => {
    if (found) throw found.error;
  };
  const once = async () => {
    await look().catch((error: unknown) => (found = { error }));
    pending = undefined;
  };
  return {
    go() {
      seen();
      pending ??= once();
    },
    async end() {
      await pending;
      seen();
    },
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
