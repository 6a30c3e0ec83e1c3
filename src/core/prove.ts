import { quantile } from '../lib/quantile.ts';
import type { Begin } from './journal.ts';
import type { Slot } from './slot.ts';
import type { World } from './world.ts';

/** What a strict client saw at the front door while something was done. Times in ms since its start. */
export interface Proof {
  sent: number;
  lost: number;
  /** Latencies, ms. */
  median: number;
  p99: number;
  longest: number;
  /** Who answered when, in the order of their first answers. */
  answers: readonly Answers[];
  /** The first ten. */
  losses: readonly { at: number; detail: string }[];
}

export interface Answers {
  slot: Slot;
  release: string | undefined;
  count: number;
  first: number;
  last: number;
}

export interface Prover {
  stop(): Promise<Proof>;
}

const mostLosses = 10;

/** Asks so many times a second over kept connections, tries nothing twice, and forgives nothing. */
export function startProver(world: World, begin: Begin, rate: number): Prover {
  const { router, clock } = world;
  const began = clock.elapsed();
  const stopped = new AbortController();
  const open = new Set<Promise<void>>();
  const seen: Seen = { sent: 0, latencies: [], losses: [], lost: 0, answers: new Map() };

  async function askOnce(): Promise<void> {
    const at = clock.elapsed() - began;
    seen.sent += 1;
    const answer = await router.ask(undefined, 'kept');
    const now = clock.elapsed() - began;
    if (!answer.answered || !answer.slot || (answer.status ?? 200) >= 500) return lose(seen, at, answer.detail);
    seen.latencies.push(now - at);
    noteAnswer(seen, answer.slot, releaseIn(begin, answer.slot), now);
  }

  async function run(): Promise<void> {
    for (let due = began; !stopped.signal.aborted; due += 1000 / rate) {
      const one = askOnce().catch((error: unknown) => lose(seen, clock.elapsed() - began, String(error)));
      open.add(one);
      void one.finally(() => open.delete(one));
      await clock.sleep(Math.max(0, due + 1000 / rate - clock.elapsed()), stopped.signal).catch(() => undefined);
    }
  }

  const running = run();
  return {
    async stop() {
      stopped.abort();
      await running;
      await Promise.all(open);
      return proofOf(seen);
    },
  };
}

interface Seen {
  sent: number;
  lost: number;
  readonly latencies: number[];
  readonly losses: { at: number; detail: string }[];
  readonly answers: Map<string, Answers>;
}

function lose(seen: Seen, at: number, detail: string): void {
  seen.lost += 1;
  if (seen.losses.length < mostLosses) seen.losses.push({ at: Math.round(at), detail });
}

function noteAnswer({ answers }: Seen, slot: Slot, release: string | undefined, at: number): void {
  const known = answers.get(slot);
  const now = Math.round(at);
  answers.set(slot, { slot, release, count: (known?.count ?? 0) + 1, first: known?.first ?? now, last: now });
}

function releaseIn({ from, fromRelease, to, release }: Begin, slot: Slot): string | undefined {
  return slot === to ? release : slot === from ? fromRelease : undefined;
}

function proofOf({ sent, lost, latencies, losses, answers }: Seen): Proof {
  const at = (share: number) => rounded(quantile(latencies, share));
  const longest = rounded(latencies.reduce((a, b) => Math.max(a, b), 0));
  return { sent, lost, median: at(0.5), p99: at(0.99), longest, answers: [...answers.values()], losses };
}

function rounded(milliseconds: number): number {
  return Number(milliseconds.toFixed(2));
}
