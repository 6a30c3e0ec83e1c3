import { quantile } from '../lib/quantile.ts';
import type { HttpAnswer } from '../ports.ts';
import { warmGrace } from './deadline.ts';
import { endpoint } from './endpoint.ts';
import { Failure } from './failure.ts';
import { type Checker, checker } from './health.ts';
import type { Slot } from './slot.ts';
import { headersOf, type WarmRequest, warmRequests } from './warm-requests.ts';
import type { World } from './world.ts';

/** Requests whose latencies are looked at together. */
const windowSize = 250;
/** Windows that are compared at least: next to a busy neighbour, fewer are not worth much. */
const fewest = 16;
/**
 * Windows before which it is never enough: HotSpot may count 15,000 calls (its Tier4CompileThreshold) before it compiles
 * anew, and more of them while its compiler has much to do (Tier4LoadFeedback).
 */
const enough = 128;
/** So often health is asked in between, as it is all through a release's life. */
const healthEvery = 25;
const longest = 10_000;

/** Latencies of one window, ms. */
export interface Window {
  readonly median: number;
  readonly high: number;
}

interface Source {
  /** `http://address:port` of the slot. */
  readonly base: string;
  readonly requests: readonly WarmRequest[];
  readonly health: Checker | undefined;
  /** Time until the deadline, ms; negative after it. */
  readonly left: () => number;
}

/** Asks the slot itself until its answers no longer get quicker, until none is any good, or until the deadline. */
export async function warmUp(world: World, slot: Slot, signal: AbortSignal): Promise<string> {
  const { config, clock, traffic, address } = world;
  const { warmup } = config.progressive;
  if (!warmup) return 'nothing to ask';
  const logged = warmup.replay > 0 ? ((await traffic?.last(warmup.replay)) ?? []) : [];
  const requests = warmRequests(warmup, logged);
  if (requests.length === 0) return 'nothing to ask: no paths, and nothing in the log';
  const base = `http://${endpoint(config, slot, address)}`;
  const health = config.health.kind === 'http' ? checker(world, slot, signal) : undefined;
  const began = clock.elapsed();
  const windows: Window[] = [];
  let [answered, failed] = [0, 0];
  const left = () => began + warmup.deadline - clock.elapsed();
  const source = { base, requests, health, left };
  while (left() > 0 && !isEnough(windows)) {
    const { latencies, errors } = await oneWindow(world, source, answered + failed, signal);
    signal.throwIfAborted();
    answered += latencies.length;
    failed += errors;
    if (latencies.length === 0) break;
    windows.push(windowOf(latencies));
  }
  if (warmup.required) mustBeWarm(windows, failed);
  return summary(windows, answered, failed);
}

/** Settled, and not only until a compiler comes back to the same code: until then answers may be as quick as they were for seconds. */
export function isEnough(windows: readonly Window[]): boolean {
  return windows.length >= enough && isSettled(windows);
}

/**
 * Twice as many requests brought next to nothing more: the second half of the windows is not a tenth better, in median
 * or in the slowest, than the quarter before it. A compiler comes back to the same code after hundreds and again after
 * thousands of calls, and competes with the answers meanwhile: a few windows in a row say little.
 */
export function isSettled(windows: readonly Window[]): boolean {
  if (windows.length < fewest) return false;
  const half = Math.floor(windows.length / 2);
  const late = windows.slice(half);
  const early = windows.slice(Math.floor(half / 2), half);
  const isNoBetter = (of: (window: Window) => number) => middle(late.map(of)) > 0.9 * middle(early.map(of));
  return isNoBetter(({ median }) => median) && isNoBetter(({ high }) => high);
}

/**
 * A compiler leaves out what it has never seen happen, and takes its code back when it does. So these are requests as
 * nginx sends them, on connections that stay, and health is asked meanwhile. Connections end with each window, and with
 * the deadline: nginx ends its own now and then, and ours end with the command, which must not be the first end that the
 * compiled code meets.
 */
async function oneWindow(
  world: World,
  source: Source,
  from: number,
  signal: AbortSignal,
): Promise<{ latencies: number[]; errors: number }> {
  const { clock, config } = world;
  const { health, left } = source;
  const latencies: number[] = [];
  const parallel = config.progressive.warmup?.parallel ?? 1;
  const isLast = () => left() <= 0 || at >= from + windowSize - parallel;
  let [at, errors] = [from, 0];
  const worker = async () => {
    let last = false;
    while (!last && !signal.aborted) {
      last = isLast();
      const number = at++;
      if (number % healthEvery === 0) await health?.once();
      const began = clock.elapsed();
      const answer = await ask(world, source, number, last, signal);
      // One that the deadline called off says nothing about the application.
      if (answer === undefined && left() <= 0) return;
      if (answer === undefined || answer.status >= 500) errors += 1;
      else latencies.push(clock.elapsed() - began);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return { latencies, errors };
}

async function ask(
  { host, config }: World,
  { base, requests, left }: Source,
  number: number,
  last: boolean,
  signal: AbortSignal,
): Promise<HttpAnswer | undefined> {
  const one = requests[number % requests.length];
  if (!one) return undefined;
  return host
    .request({
      url: `${base}${one.target}`,
      method: one.method,
      headers: headersOf(config, one, base),
      kept: last ? 'last' : true,
      timeout: Math.min(longest, Math.max(0, left()) + warmGrace),
      signal,
    })
    .catch(() => undefined);
}

function windowOf(latencies: readonly number[]): Window {
  return { median: middle(latencies), high: quantile(latencies, 0.95) };
}

function middle(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

function summary(windows: readonly Window[], answered: number, failed: number): string {
  const [first, last] = [windows[0], windows.at(-1)];
  if (!first || !last) return `no answer to ${failed} requests`;
  const count = (answered + failed).toLocaleString('en');
  const quicker = `95 % in ${first.high.toFixed(1)} ms, then ${last.high.toFixed(1)} ms`;
  return `${count} requests: ${quicker}${failed > 0 ? `; ${failed.toLocaleString('en')} failed` : ''}${howItEnded(windows)}`;
}

/** What a summary adds, unless it was enough. */
export function howItEnded(windows: readonly Window[]): string {
  if (isEnough(windows)) return '';
  if (!isSettled(windows)) return '; not settled by the deadline';
  return `; the deadline came before ${(enough * windowSize).toLocaleString('en')}`;
}

function mustBeWarm(windows: readonly Window[], failed: number): void {
  if (failed === 0 && isSettled(windows)) return;
  throw new Failure({
    code: 'NOT_WARM',
    what: 'the new release did not warm up',
    why:
      failed > 0
        ? `${failed} requests were answered 5xx or not at all`
        : 'its answers still got quicker at the deadline, or were too few to tell',
    fix: 'see its log; raise warmup.deadline, or leave out warmup.required',
  });
}
