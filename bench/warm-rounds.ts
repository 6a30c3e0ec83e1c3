import { once } from 'node:events';
import { watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonic } from '../lab/clock.ts';
import { freePorts } from '../lab/free-port.ts';
import { springBootJar } from '../lab/jars.ts';
import { startLoadProcess } from '../lab/load-process.ts';
import { type Nginx, startNginx } from '../lab/nginx.ts';
import type { Latency } from '../lab/load-report.ts';
import type { Load, LoadReport } from '../lab/strict-client.ts';
import { built } from './commands.ts';
import { cutoverYaml, stateHome } from './contenders/cutover.ts';
import { shuffled } from './stats.ts';
import { type Ran, timed } from './wall-time.ts';

export interface Variant {
  readonly name: string;
  /** Lines of cutover.yaml. */
  readonly lines: string;
  /** POSTs in a second, beside the GETs. */
  readonly writes: number;
}

/** Right after the switch, and later. */
export interface Compared {
  readonly first: Latency;
  readonly steady: Latency;
}

/** One deploy of one variant. Times in ms. */
export interface WarmTurn {
  readonly variant: Variant;
  /** What the step said, and how long it took, as the command prints it; undefined without warm-up. */
  readonly said: { readonly text: string; readonly took: number } | undefined;
  /** The whole command. */
  readonly took: number;
  readonly reads: Compared;
  /** Undefined: there were none. */
  readonly writes: Compared | undefined;
  readonly sent: number;
  readonly lost: number;
  /** CPU seconds of the load's process in each second. */
  readonly client: number;
}

/** GETs in a second: far from all that the machine can do. */
export const readRate = 80;
export const firstSeconds = 5;
export const steadySeconds = 10;
/** Seconds of as many requests as it takes, between the two. */
export const ripenSeconds = 15;

interface Stand {
  readonly url: string;
  readonly traffic: string;
  configure(lines: string): void;
  cutover(...words: string[]): Promise<Ran>;
}

/** Deploys of the Spring Boot sample to and fro on one stand, each round in another order. */
export async function measureWarmUps(
  variants: readonly Variant[],
  rounds: number,
  say: (line: string) => void,
): Promise<readonly WarmTurn[]> {
  const nginx = await startNginx();
  const stand = await standBehind(nginx);
  const turns: WarmTurn[] = [];
  try {
    await stand.cutover('setup');
    await stand.cutover('deploy');
    await ripen(stand, 0.2);
    for (let round = 1; round <= rounds; round += 1) {
      for (const variant of shuffled(variants)) {
        const turn = await takeTurn(stand, variant);
        turns.push(turn);
        say(`  ${describe(turn)}`);
      }
      say(`round ${round} of ${rounds} done`);
    }
    return turns;
  } finally {
    await stand.cutover('down', '--yes').catch(() => undefined);
    await nginx.stop();
  }
}

async function standBehind(nginx: Nginx): Promise<Stand> {
  const [main, home, jar] = [await built(), stateHome(), await springBootJar()];
  const [blue = 0, green = 0] = await freePorts(2);
  const application = `artifact: ${jar}\nruntime: process\nhealth: { path: /actuator/health/readiness, body: UP }\n`;
  const configure = (lines: string): void =>
    writeFileSync(join(home, 'cutover.yaml'), cutoverYaml(nginx, { blue, green }, home, application + lines));
  configure('');
  return {
    url: `http://127.0.0.1:${nginx.port}`,
    traffic: join(home, 'lib', 'shop', 'traffic'),
    configure,
    cutover: (...words) => timed([process.execPath, main, ...words], home),
  };
}

/** The load goes on all the time; while the new release starts it is the old one's. */
async function takeTurn(stand: Stand, variant: Variant): Promise<WarmTurn> {
  stand.configure(variant.lines);
  const loads = await loadsOf(stand, variant);
  const mark = (label: string, at?: number): void => loads.forEach((load) => load.mark(label, at));
  const { switched, took, stderr } = await deploySeen(stand);
  mark('first', switched);
  mark('between', switched + firstSeconds * 1000);
  await sleep(switched + firstSeconds * 1000 - monotonic());
  const more = await ripen(stand, variant.writes / (readRate + variant.writes));
  mark('steady');
  await sleep(steadySeconds * 1000);
  mark('end');
  const [reads, writes] = await Promise.all(loads.map((load) => load.stop()));
  if (!reads) throw new Error('no load');
  const all = [reads, writes ?? [], more].flat();
  return {
    variant,
    said: saidOf(stderr),
    took,
    reads: comparedIn(reads),
    writes: writes && comparedIn(writes),
    sent: sumOf(all.map(({ sent }) => sent)),
    lost: sumOf(all.map(({ lost }) => lost)),
    client: sumOf([reads, writes ?? []].flat().map(({ cpu, seconds }) => cpu / seconds)),
  };
}

/** GETs and POSTs by processes of their own, as the latencies of each are looked at. */
async function loadsOf({ url }: Stand, { writes }: Variant): Promise<readonly Load[]> {
  const reading = await startLoadProcess({ url, rate: readRate, connections: 12, posts: 0, idle: 0 });
  if (writes === 0) return [reading];
  return [reading, await startLoadProcess({ url, rate: writes, connections: 4, posts: 1, idle: 0 })];
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}

function comparedIn(report: LoadReport): Compared {
  return { first: latencyOf(report, 'first'), steady: latencyOf(report, 'steady') };
}

/** The rename itself, seen from outside: nothing in the command knows that it is being timed. */
async function deploySeen({ traffic, cutover }: Stand): Promise<{ switched: number; took: number; stderr: string }> {
  const watcher = watch(traffic);
  const seen = once(watcher, 'change').then(() => monotonic());
  seen.catch(() => undefined);
  try {
    const { time, stderr } = await cutover('deploy');
    return { switched: await seen, took: time, stderr };
  } finally {
    watcher.close();
  }
}

/** Minutes' worth of requests in seconds, then a rest, so that what is measured next finds compiled code and an idle machine. */
async function ripen({ url }: Stand, posts: number): Promise<LoadReport> {
  const load = await startLoadProcess({ url, connections: 4, posts, idle: 0 });
  await sleep(ripenSeconds * 1000);
  const report = await load.stop();
  await sleep(3000);
  return report;
}

function saidOf(stderr: string): WarmTurn['said'] {
  const [, text, number = '', unit] = /✓ warm +(.*?) +([\d.]+) (ms|s)$/m.exec(stderr) ?? [];
  return text === undefined ? undefined : { text, took: Number(number) * (unit === 's' ? 1000 : 1) };
}

function latencyOf({ segments }: LoadReport, label: string): Latency {
  const segment = segments.find((one) => one.label === label);
  if (!segment || segment.answered === 0) throw new Error(`no answer in the segment ${label}`);
  return segment.latency;
}

function describe({ variant: { name }, said, reads, writes, sent, lost }: WarmTurn): string {
  const pair = ({ p50, p99 }: Latency): string => `${p50.toFixed(2)}, ${p99.toFixed(2)}`;
  const both = ({ first, steady }: Compared): string => `first ${pair(first)}, steady ${pair(steady)}`;
  const warm = said ? ` (${said.text}, ${(said.took / 1000).toFixed(1)} s)` : '';
  const posts = writes ? `; of POST ${both(writes)}` : '';
  return `${name}: p50, p99 of GET ${both(reads)}${posts}; ${lost} of ${sent} lost${warm}`;
}
