import { confirmDeadline } from './deadline.ts';
import { Failure } from './failure.ts';
import { runHook } from './hook.ts';
import { launchOf } from './launch.ts';
import type { Step } from './plan.ts';
import { probe } from './probe.ts';
import type { Release } from './release.ts';
import type { Slot } from './slot.ts';
import { sameSplit, soleSlot, type Split } from './split.ts';
import { prune, type Artifact } from './stage.ts';
import { trafficText } from './view.ts';
import type { Prover } from './prove.ts';
import { mustStillRun, type Proven } from './still-runs.ts';
import { drained, handOnFlows } from './drain.ts';
import { warmUp } from './warm-up.ts';
import { watchRelease, type Watching } from './watch.ts';
import { humanDuration } from '../lib/duration.ts';
import type { World } from './world.ts';

/** What the steps of one deployment work on. */
export interface Job {
  /** Only a deploy has one. */
  artifact: { release: Release; source: Artifact } | undefined;
  releases: readonly Release[];
  /** The process that was proven healthy; traffic is confirmed for it alone, not for a restarted one. */
  proven: Proven | undefined;
  /** What is under way; set when it begins. */
  deployment: string;
  /** Requests a second of a strict client at the front door, meanwhile. */
  prove?: number | undefined;
  prover?: Prover;
  /** Where the front door's log stood when the deployment before ended. */
  since?: string | undefined;
  /** What was seen of the new release since it got traffic. */
  watching?: Watching;
  /** Connections that were still open when their slot was stopped; counted here as it happens. */
  cut: number;
}

const confirmsInARow = 3;
const progressInterval = 200;

/** Carries out one step and verifies it. Answers with a few words about how it went. */
export async function perform(world: World, job: Job, step: Step, signal: AbortSignal): Promise<string | undefined> {
  switch (step.do) {
    case 'stage':
      return job.artifact && staged(world, job.artifact, signal);
    case 'drain':
      return drained(world, job, step, signal);
    case 'stop':
      return stopped(world, step.slot);
    case 'start':
      return start(world, job, step.slot, step.release);
    case 'probe':
      return prove(world, job, step, signal);
    case 'warm':
      return warmed(world, job, step.slot, signal);
    case 'watch':
      return watchRelease(world, job, step, signal);
    case 'hook':
      return runHook(world, step.hook, step.slot, step.release, signal);
    case 'shift':
      return shift(world, step.split);
    case 'confirm':
      return confirm(world, job, step.slot, signal);
    case 'prune':
      return pruned(world);
  }
}

async function warmed(world: World, job: Job, slot: Slot, signal: AbortSignal): Promise<string> {
  const said = await warmUp(world, slot, signal);
  await mustStillRun(world, job.proven, slot);
  return said;
}

async function staged(
  { artifacts, clock, report }: World,
  { release, source }: NonNullable<Job['artifact']>,
  signal: AbortSignal,
): Promise<string> {
  let next = 0;
  const progress = (sent: number, total: number) => {
    if (clock.elapsed() < next) return;
    next = clock.elapsed() + progressInterval;
    report({ type: 'progress', sent, total });
  };
  return artifacts.stage(release, source, { signal, progress });
}

async function stopped(world: World, slot: Slot): Promise<string> {
  const { runtime, config } = world;
  await handOnFlows(world, slot);
  const { how } = await runtime.stop(slot, config.grace);
  return {
    'was-not-running': `${slot} was not running`,
    graceful: `${slot} ended gracefully`,
    killed: `${slot} killed after ${humanDuration(config.grace)}`,
  }[how];
}

/** Something that is left in the slot from an interrupted start goes first. */
async function start(world: World, job: Job, slot: Slot, id: string): Promise<string> {
  const release =
    job.artifact?.release.id === id ? job.artifact.release : job.releases.find((known) => known.id === id);
  if (!release) throw releaseGone(id);
  const launch = await launchOf(world, slot, release);
  const { state } = await world.runtime.inspect(slot, 'alive');
  await (state === 'stopped' ? handOnFlows(world, slot) : stopped(world, slot));
  await world.runtime.start(slot, launch);
  return `release ${id} on port ${launch.port}`;
}

async function prove(
  world: World,
  job: Job,
  { slot, release, warm }: Extract<Step, { do: 'probe' }>,
  signal: AbortSignal,
): Promise<string> {
  const successes = warm ? 1 : world.config.health.successes;
  const { asked } = await probe(world, slot, release, successes, signal);
  job.proven = { slot, pid: (await world.runtime.inspect(slot, 'alive')).pid };
  if (!warm) await world.runtime.keep(slot);
  return successes > 1 ? `${asked} ${successes}× in a row` : asked;
}

async function shift({ router }: World, split: Split): Promise<string> {
  await router.write(split);
  if (sameSplit(await router.read(), split)) return trafficText(split, undefined);
  throw new Failure({
    code: 'SWITCH_NOT_TAKEN',
    what: 'the switch was written but does not read back',
    fix: 'somebody else changes it too; see `cutover status`',
  });
}

/** The public's own way must lead to the slot, several times in a row, and be answered there. */
async function confirm(world: World, job: Job, slot: Slot, signal: AbortSignal): Promise<string> {
  const { router, clock } = world;
  const end = clock.elapsed() + confirmDeadline;
  let last = 'no answer';
  for (let inARow = 0; inARow < confirmsInARow;) {
    if (clock.elapsed() > end) throw notConfirmed(slot, last);
    const answer = await router.ask(signal);
    signal.throwIfAborted();
    last = answer.detail;
    const good = answer.slot === slot && answer.answered && (answer.status ?? 200) < 500;
    inARow = good ? inARow + 1 : 0;
    if (!good) await mustStillRun(world, job.proven, slot);
    if (!good) await clock.sleep(20, signal);
  }
  await mustStillRun(world, job.proven, slot);
  return last;
}

/** Stays, whatever its age: what is in a slot, and what a rollback goes back to. */
async function pruned(world: World): Promise<string> {
  const { runtime, store, router } = world;
  const [blue, green, split, releases] = await Promise.all([
    runtime.inspect('blue', 'alive'),
    runtime.inspect('green', 'alive'),
    router.read(),
    store.releases(),
  ]);
  const live = soleSlot(split) === 'green' ? green.release : blue.release;
  const target = releases.findLast(({ id }) => Number(id) < Number(live ?? Infinity))?.id;
  return prune(world, releases, [blue.release, green.release, target]);
}

function notConfirmed(slot: Slot, last: string): Failure {
  return new Failure({
    code: 'NOT_CONFIRMED',
    what: `the front door does not answer from ${slot}`,
    why: last,
    fix: 'see `cutover doctor`, and `cutover logs` of the release',
  });
}

function releaseGone(id: string): Failure {
  return new Failure({
    code: 'RELEASE_GONE',
    what: `release ${id} is not on the server any more`,
    fix: 'deploy it again',
  });
}
