import type { Stage } from '../config/progressive.ts';
import { humanDuration } from '../lib/duration.ts';
import { answersOf, comparisonWith, mostComparable, withRequests, type Comparison } from './comparison.ts';
import { aborted, takeOrder, type Order } from './order.ts';
import { metricLooks, type MetricLook } from './metric.ts';
import type { Step } from './plan.ts';
import type { Slot } from './slot.ts';
import type { Proven } from './still-runs.ts';
import { mustNotBeWorse, tooQuiet } from './verdict.ts';
import { lookingAt, type Looks } from './watch-looks.ts';
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
  readonly metrics: readonly MetricLook[];
  /** Every stage that is left is passed at once. */
  promoted: boolean;
}

export interface Watched {
  readonly proven: Proven | undefined;
  readonly deployment: string;
  watching?: Watching;
}

const interval = 100;
const tellInterval = 500;
const pastLines = 5000;

/** Stays for as long as the stage lasts, and rejects as soon as the new release is worse. In a few words: what was seen. */
export async function watchRelease(
  world: World,
  job: Watched,
  step: Extract<Step, { do: 'watch' }>,
  signal: AbortSignal,
): Promise<string> {
  const over = new AbortController();
  try {
    return await watched(world, job, step, AbortSignal.any([signal, over.signal]));
  } finally {
    over.abort();
  }
}

async function watched(
  world: World,
  job: Watched,
  { slot, release, percent }: Extract<Step, { do: 'watch' }>,
  signal: AbortSignal,
): Promise<string> {
  const { clock } = world;
  const watching = (job.watching ??= await begun(world, slot));
  const stage = stageAt(world, percent);
  const looks = lookingAt(world, job, watching, { slot, release }, signal);
  const tell = teller(world, watching);
  const before = freshAnswers(watching);
  const began = clock.elapsed();
  let paused = stage.hold;
  while (!watching.promoted || percent === 100) {
    signal.throwIfAborted();
    await readOn(world, watching, percent);
    mustNotBeWorse(watching.comparison);
    for (const look of looks) look.go();
    const order = await heardOrder(world, job.deployment);
    watching.promoted ||= order?.what === 'all';
    if (order?.what === 'pause') paused = true;
    else if (order) return `promoted by ${order.by}; ${seenText(watching)}`;
    const course = { ...stage, spent: clock.elapsed() - began, seen: freshAnswers(watching) - before };
    const end = paused ? undefined : ended(world, watching, course);
    if (end !== undefined) return await confirmed(end, looks);
    tell(course, paused);
    await clock.sleep(interval, signal);
  }
  return 'passed over';
}

/** What was begun before the end of a stage counts too. */
async function confirmed(end: string, looks: readonly Looks[]): Promise<string> {
  for (const look of looks) await look.end();
  return end;
}

async function heardOrder(world: World, deployment: string): Promise<Order | undefined> {
  const order = await takeOrder(world, deployment);
  if (order?.what === 'abort') throw aborted(order);
  return order;
}

function freshAnswers({ comparison }: Watching): number {
  return answersOf(comparison, 'fresh').requests;
}

function stageAt({ config: { progressive } }: World, percent: number): Stage {
  const stage = progressive.shift?.stages.find((one) => one.percent === percent);
  if (percent === 100) return { percent, requests: 0, hold: false, ...stage, time: progressive.watch.time };
  return stage ?? { percent, time: 0, requests: 0, hold: false };
}

async function begun(world: World, slot: Slot): Promise<Watching> {
  const { traffic, config, clock } = world;
  const past = (await traffic?.last(pastLines)) ?? [];
  return {
    mark: await traffic?.mark(),
    comparison: comparisonWith(past, slot, config.progressive.watch),
    began: clock.elapsed(),
    heard: clock.elapsed(),
    deaf: false,
    health: [],
    metrics: metricLooks(world),
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

/** Tells where the stage stands, twice a second. */
function teller({ report }: World, watching: Watching): (course: Course, paused: boolean) => void {
  let next = 0;
  return ({ percent, time, spent }, paused) => {
    if (spent < next) return;
    next = spent + tellInterval;
    const { comparison } = watching;
    const seen = { fresh: answersOf(comparison, 'fresh'), old: answersOf(comparison, 'old') };
    report({ type: 'watch', percent, left: Math.max(0, time - spent), paused, seen });
  };
}
