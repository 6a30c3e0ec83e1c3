import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Failure } from '../../src/core/failure.ts';
import { otherSlot, type Slot } from '../../src/core/slot.ts';
import { allTo } from '../../src/core/split.ts';
import type { Router } from '../../src/ports.ts';
import { rejection, until } from '../support/until.ts';

export interface RouterUnderTest {
  router: Router;
  /** One public request on a connection of its own: the slot that answers, `stays` holds its answer back for so many ms. */
  visit(stays?: number): Promise<string>;
  /** Somebody else moves the traffic. */
  foreign(to: Slot): Promise<void>;
  /** Ways in which what it reads can be damaged. */
  damages: readonly (() => Promise<void>)[];
  end(slot: Slot): Promise<void>;
  /** Longest time from a write that has returned to the first public answer of the new slot, ms. */
  settles: number;
  /** What the front door answers when nobody is behind it; default 502. */
  silence?: { status: number | undefined; words: string };
}

/** What every router must do. `open` is called once for each test, with both slots answering and all traffic on blue. */
export function routerContract(open: () => Promise<RouterUnderTest>): void {
  it('moves the public traffic, there and back, and tells so', async () => {
    const { router, visit } = await open();
    expect(await router.read()).toEqual(allTo('blue'));
    for (const slot of ['green', 'blue', 'green'] as const) {
      await router.write(allTo(slot));
      expect(await router.read()).toEqual(allTo(slot));
      expect(await visit()).toBe(slot);
      expect(await router.ask()).toMatchObject({ slot, status: 200 });
    }
  });

  it('has moved every new request by the time that it returns', async () => {
    const { router, visit, settles } = await open();
    let [slowest, longest] = [0, 0];
    for (let round = 0; round < 6; round++) {
      const to: Slot = round % 2 ? 'blue' : 'green';
      await router.write(allTo(to));
      const began = performance.now();
      slowest = 0;
      while (slowest < 5000 && (await visit()) !== to) slowest = performance.now() - began;
      longest = Math.max(longest, slowest);
      for (let more = 0; more < 5; more++) expect(await visit()).toBe(to);
    }
    console.log(`${router.name}: an old answer at most ${longest.toFixed(1)} ms after the write returned`);
    expect(longest).toBeLessThanOrEqual(settles);
  });

  it('can write what is there already', async () => {
    const { router, visit } = await open();
    for (const slot of ['blue', 'green', 'green'] as const) await router.write(allTo(slot));
    expect(await visit()).toBe('green');
  });

  it('can be read at any moment of a write', async () => {
    const { router } = await open();
    const writing = { on: true };
    const seen = new Set<string>();
    const reader = (async () => {
      while (writing.on) {
        seen.add(JSON.stringify(await router.read()));
        await new Promise((go) => setImmediate(go));
      }
    })();
    try {
      for (let round = 0; round < (router.name.includes('classic') ? 4 : 200); round++) {
        await router.write(allTo(round % 2 ? 'blue' : 'green'));
        await sleep(Math.random() * 3);
      }
    } finally {
      writing.on = false;
    }
    await reader;
    expect([...seen].toSorted()).toEqual([JSON.stringify(allTo('blue')), JSON.stringify(allTo('green'))].toSorted());
  });

  it('makes the splits that it says it can, and refuses others and leaves the traffic where it is', async () => {
    const { router, visit } = await open();
    const half = { blue: 50, green: 50 };
    if (router.granularity === 100) {
      expect(await rejection(router.write(half))).toBeInstanceOf(Error);
      expect([await router.read(), await visit()]).toEqual([allTo('blue'), 'blue']);
      return;
    }
    for (const green of [1, 25, 50, 75, 99]) {
      await router.write({ blue: 100 - green, green });
      expect(await router.read()).toEqual({ blue: 100 - green, green });
      const visits = await Promise.all(Array.from({ length: 400 }, () => visit()));
      const share = visits.filter((slot) => slot === 'green').length / 4;
      // Five standard deviations of so many throws of the dice.
      expect(Math.abs(share - green)).toBeLessThan(1 + 5 * Math.sqrt((green * (100 - green)) / 400));
    }
  });

  it('sees what somebody else changed', async () => {
    const { router, foreign, visit } = await open();
    await foreign('green');
    // A reload leaves both generations of workers at the door for a moment, so one green answer is not the last word.
    await until(async () => (await visit()) === 'green' && (await router.ask()).slot === 'green');
    expect(await router.read()).toEqual(allTo('green'));
  });

  it('fails in clear words, and guesses nothing, when what it reads is damaged', async () => {
    const { router, damages } = await open();
    for (const damage of damages) {
      await damage();
      const failure = await rejection(router.read());
      expect(failure).toBeInstanceOf(Failure);
      expect((failure as Failure).fields).toMatchObject({
        why: expect.any(String) as string,
        fix: expect.any(String) as string,
      });
    }
  });

  it('counts the connections to each slot', async () => {
    const { router, visit } = await open();
    const openTo = async (slot: Slot) => (await router.connections(slot)).open;
    const before = { blue: await openTo('blue'), green: await openTo('green') };
    const open5 = Array.from({ length: 5 }, () => visit(1500));
    await sleep(500);
    expect((await openTo('blue')) - before.blue).toBeGreaterThanOrEqual(5 - before.blue);
    expect(await openTo('green')).toBe(before.green);
    await Promise.all(open5);
  });

  it('still tells which slot it asks when nobody answers there', async () => {
    const { router, end, silence = { status: 502, words: '502' } } = await open();
    await end('blue');
    await end(otherSlot('blue'));
    const answer = await router.ask();
    expect(answer.status).toBe(silence.status);
    expect(answer.answered).toBe(silence.status !== undefined);
    expect(answer.detail).toContain(silence.words);
  });
}
