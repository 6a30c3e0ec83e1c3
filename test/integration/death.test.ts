import { spawn } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import { root } from '../../lab/paths.ts';
import type { LoadReport } from '../../lab/strict-client.ts';
import { createStand, finished, mustBeDone, type Stand } from '../support/stand.ts';

/** Longest time, in ms, that a request in flight at the kill may have been on its way. */
const inFlight = 100;
let stand: Stand;

beforeEach(async () => {
  stand = await createStand({ config: 'health: { path: /health }\nupstream: { idle: 200ms }' });
  mustBeDone(await stand.cutover('deploy'));
  mustBeDone(await stand.cutover('deploy'));
});

afterEach(async () => stand.stop());

test('a release that dies right after the switch is taken back, and reads lose nothing', async () => {
  const report = await under(0, async () => {
    const { code, stderr } = await finished(
      spawn(process.execPath, ['--import', 'tsx', 'test/support/dying.ts', stand.config], { cwd: root }),
    );
    expect(code, stderr).toBe(5);
    expect(stderr).toContain('APP_DIED');
  });
  console.log(`new release killed right after the switch, GET: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
  expect(await stand.status()).toMatchObject({ live: 'green', agreement: true, deployment: null });
});

test('a live release that is killed is answered by the standby; only writes in flight at the kill are lost', async () => {
  let killedAt = 0;
  const report = await under(0.5, async () => {
    const { slots } = await stand.status();
    killedAt = performance.timeOrigin + performance.now();
    process.kill(slots.green.pid ?? 0, 'SIGKILL');
    await restarted();
  });
  console.log(`live release killed, GET and POST: ${report.lost} of ${report.sent} lost, all POSTs in flight`);
  expect(report.losses.filter(({ method }) => method !== 'POST')).toEqual([]);
  expect(report.lost).toBeLessThanOrEqual(10);
  expect(killedAt).toBeGreaterThan(0);
  expect(report.segments.at(-1)?.lost ?? 0).toBe(0);
  expect((await stand.status()).slots.green).toMatchObject({ state: 'live', restarts: 1 });
});

async function under(posts: number, work: () => Promise<void>): Promise<LoadReport> {
  const load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 20, rate: 400, posts });
  await new Promise((next) => setTimeout(next, 300));
  await work();
  await new Promise((next) => setTimeout(next, inFlight));
  load.mark('after');
  await new Promise((next) => setTimeout(next, 500));
  return load.stop();
}

async function restarted(): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const { green } = (await stand.status()).slots;
    if (green.state === 'live' && green.restarts === 1) return;
    await new Promise((next) => setTimeout(next, 50));
  }
  throw new Error('the application was not started again');
}
