import type { Stage } from '../config/progressive.ts';
import { humanDuration } from '../lib/duration.ts';
import { answersOf, comparisonWith, mostComparable, withRequests, type Comparison } from './comparison.ts';
import { checker } from './health.ts';
import { metricLooks } from './metric.ts';
import { aborted, takeOrder } from './order.ts';
import type { Step } from './plan.ts';
import { agreed } from './probe.ts';
import type { Slot } from './slot.ts';
import { mustStillRun, type Proven } from './still-runs.ts';
import { mustNotBeWorse, takenBack, tooQuiet } from './verdict.ts';
import type { World } from './world.ts';

/** What was seen of the new release since it got traffic, from stage to stage. */
export interface Watching {
  /** Undefined: the front door keeps no log of ours. */
  mark: string | undefined;
  comparison: Comparison;
  readonly began: number;
  /** The log tells of our own requests; as of when, ms. */
  heard: number;
  deaf: boolean;
  readonly health: boolean[];
  /** Every stage that is left is passed at once. */
  promoted: boolean;
}

interface Watched {
  readonly proven: Proven | undefined;
  readonly deployment: string;
  watching?: Watching;
}

const interval = 100;
const lookInterval = 1000;
const tellInterval = 500;
const pastLines = 5000;
const healthLooks = 10;
/** Silence of the log about what we ask ourselves that means that it is not written. */
const deafAfter = 5000;

/** Stays for as long as the stage lasts, and rejects as soon as the new release is worse. In a few words: what was seen. */
export async function watchRelease(
  world: World,
  job: Watched,
  { slot, percent }: Extract<Step, { do: 'watch' }>,
  signal: AbortSignal,
): Promise<string> {
  const { clock } = world;
  const watching = (job.watching ??= await begun(world, slot));
  const stage = stageAt(world, percent);
  const looks = lookingAt(world, job, watching, slot, signal);
  const before = answersOf(watching.comparison, 'fresh').requests;
  const began = clock.elapsed();
  let paused = stage.hold;
  let nextTell = 0;
  while (!watching.promoted || percent === 100) {
    signal.throwIfAborted();
    await readOn(world, watching, percent);
    mustNotBeWorse(watching.comparison);
    await looks();
    const order = await takeOrder(world, job.deployment);
    if (order?.what === 'abort') throw aborted(order);
    if (order?.what === 'pause') paused = true;
    if (order?.what === 'all') watching.promoted = true;
    if (order?.what === 'promote' || order?.what === 'all') return `promoted by ${order.by}; ${seenText(watching)}`;
    const spent = clock.elapsed() - began;
    const seen = answersOf(watching.comparison, 'fresh').requests - before;
    const end = paused ? undefined : ended(world, watching, { ...stage, spent, seen });
    if (end !== undefined) return end;
    if (spent >= nextTell) {
      tell(world, watching, percent, Math.max(0, stage.time - spent), paused);
      nextTell = spent + tellInterval;
    }
    await clock.sleep(interval, signal);
  }
  return 'passed over';
}

function stageAt({ config: { progressive } }: World, percent: number): Stage {
  const stage = progressive.shift?.stages.find((one) => one.percent === percent);
  if (percent === 100) return { percent, requests: 0, hold: false, ...stage, time: progressive.watch.time };
  return stage ?? { percent, time: 0, requests: 0, hold: false };
}

async function begun({ traffic, config, clock }: World, slot: Slot): Promise<Watching> {
  const past = (await traffic?.last(pastLines)) ?? [];
  return {
    mark: await traffic?.mark(),
    comparison: comparisonWith(past, slot, config.progressive.watch),
    began: clock.elapsed(),
    heard: clock.elapsed(),
    deaf: false,
    health: [],
    promoted: false,
  };
}

/** What is new in the log since the last time. */
async function readOn({ traffic, clock, config }: World, watching: Watching, percent: number): Promise<void> {
  if (!traffic || watching.mark === undefined) return;
  const { mark, requests, asked } = await traffic.read(watching.mark);
  watching.mark = mark;
  if (asked > 0 || requests.length > 0) watching.heard = clock.elapsed();
  const settled = clock.elapsed() - watching.began >= config.progressive.watch.settle;
  const circumstances = { comparable: percent <= mostComparable, settled };
  watching.comparison = withRequests(watching.comparison, requests, circumstances);
}

/** What is looked at once a second: the process, its health, the log itself, and numbers of the user's own. */
function lookingAt(
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
    next = world.clock.elapsed() + lookInterval;
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

interface Course extends Stage {
  readonly spent: number;
  readonly seen: number;
}

/** Undefined: the stage goes on. */
function ended(
  { config }: World,
  watching: Watching,
  { percent, time, requests, spent, seen }: Course,
): string | undefined {
  const { watch } = config.progressive;
  if (spent < time) return undefined;
  if (watching.mark === undefined) return `${humanDuration(spent)}: it runs and is healthy; there is no log of ours`;
  const needed = percent === 0 ? 0 : Math.max(requests, watch.requests);
  if (seen >= needed && !watching.deaf) return seenText(watching);
  const mayWait = requests > seen || watch.quiet === 'wait';
  if (mayWait && spent < watch.longest) return undefined;
  if (mayWait || watch.quiet === 'fail') throw tooQuiet(seen, needed, spent, watching.deaf);
  return `${watching.deaf ? 'the log is not written' : `only ${seen} answers`}: passed by watch.quiet; ${seenText(watching)}`;
}

function seenText({ comparison }: Watching): string {
  const of = (whose: 'fresh' | 'old') => {
    const { requests, bad } = answersOf(comparison, whose);
    return `${bad} of ${requests.toLocaleString('en')}`;
  };
  return `5xx: new ${of('fresh')}, old ${of('old')}`;
}

function tell({ report }: World, { comparison }: Watching, percent: number, left: number, paused: boolean): void {
  const seen = { fresh: answersOf(comparison, 'fresh'), old: answersOf(comparison, 'old') };
  report({ type: 'watch', percent, left, paused, seen });
}
