import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { app, ask, grace, pidOf, runs, started, type RuntimeUnderTest } from './runtime-support.ts';
import { release } from './store.ts';

export function stopContract(open: (grace: number) => Promise<RuntimeUnderTest>): void {
  it('of a slot in which nothing runs is fine, as often as wanted', async () => {
    const { runtime } = await open(grace);
    expect(await runtime.stop('green', grace)).toEqual({ how: 'was-not-running' });
    expect(await runtime.stop('green', grace)).toEqual({ how: 'was-not-running' });
  });

  it('lets it end gracefully, and frees its port', async () => {
    const tested = await open(grace);
    const { port } = await started(tested);
    expect(await tested.runtime.stop('blue', grace)).toEqual({ how: 'graceful' });
    expect(await ask(port, '/who')).toBeUndefined();
    expect(await tested.runtime.inspect('blue')).toMatchObject({ state: 'stopped', taken: false, ports: [] });
  });

  it('kills one that ignores TERM, once its time is over', async () => {
    const tested = await open(1000);
    await started(tested, { habits: 'stubborn' });
    const { pid = 0 } = await tested.runtime.inspect('blue');
    const began = performance.now();
    expect(await tested.runtime.stop('blue', 1000)).toEqual({ how: 'killed' });
    expect(performance.now() - began).toBeGreaterThan(900);
    expect(performance.now() - began).toBeLessThan(6000);
    expect(runs(pid)).toBe(false);
  });

  it.each([
    ['by TERM', 'parent'],
    ['by KILL', 'parent stubborn'],
  ])('ends its children too, which ignore TERM, when it went %s', async (_, habits) => {
    const tested = await open(1500);
    const { port } = await started(tested, { habits });
    const child = await pidOf(tested, (await ask<{ child: number }>(port, '/who'))?.child);
    expect(runs(child)).toBe(true);
    await tested.runtime.stop('blue', 1500);
    expect(runs(child)).toBe(false);
  });

  it('right after the start is graceful and quick', async () => {
    const tested = await open(grace);
    await tested.stage('8');
    const env = { PORT: String(tested.ports.blue), CUTOVER_RELEASE: '8' };
    const launch = {
      release: { ...release('8'), ...(tested.artifact ? { artifact: tested.artifact('8') } : {}) },
      port: tested.ports.blue,
      argv: [process.execPath, app],
      env,
      user: undefined,
    };
    for (let round = 0; round < 12; round++) {
      await tested.runtime.start('blue', launch);
      await sleep(round * 3);
      const began = performance.now();
      await tested.runtime.stop('blue', grace);
      expect(performance.now() - began).toBeLessThan(grace / 2);
    }
    expect(await ask(tested.ports.blue, '/who')).toBeUndefined();
  });

  it('of one slot leaves the other one alone', async () => {
    const tested = await open(grace);
    await started(tested);
    await started(tested, { slot: 'green', id: '8' });
    const before = await tested.runtime.inspect('green');
    await tested.runtime.stop('blue', grace);
    expect(await tested.runtime.inspect('green')).toMatchObject({
      state: 'running',
      pid: before.pid,
      release: '8',
      restarts: 0,
    });
  });
}
