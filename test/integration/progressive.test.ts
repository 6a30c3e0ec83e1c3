import { spawn } from 'node:child_process';
import { existsSync, renameSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ensureProgram } from '../../lab/apt.ts';
import { startEvents } from '../../lab/sse-client.ts';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { Load, LoadReport } from '../../lab/strict-client.ts';
import { startWebSockets } from '../../lab/websocket-client.ts';
import type { Slot } from '../../src/core/slot.ts';
import { createStand, finished, main, mustBeDone, type Stand } from '../support/stand.ts';
import { until } from '../support/until.ts';

const base = 'health: { path: /health }\nupstream: { idle: 200ms }\n';
const stages = `${base}shift: { stages: [1, 50, 100], for: 500ms }\n`;
const plain = `${stages}watch: { for: 500ms, settle: 0s, requests: 0 }\n`;

let stand: Stand;
let load: Load;

beforeAll(async () => {
  stand = await createStand({ config: plain });
  mustBeDone(await stand.cutover('deploy'));
  mustBeDone(await stand.cutover('deploy'));
});

beforeEach(async () => {
  load = await publicOf(200);
});

afterEach(() => stand.configure(plain));
afterAll(async () => stand?.stop());

function publicOf(rate: number, posts?: number): Promise<Load> {
  return startLoadProcess({
    url: stand.url,
    host: stand.host,
    connections: 20,
    rate,
    ...(posts === undefined ? {} : { posts }),
  });
}

/** Sets up before the public comes: a reload of nginx may lose a request, and that is the set-up's, not the deploy's. */
async function setUpFor(config: string, rate: number): Promise<void> {
  await load.stop();
  stand.configure(config);
  mustBeDone(await stand.cutover('setup'));
  load = await publicOf(rate);
}

async function nothingLost(what: string): Promise<LoadReport> {
  const report = await load.stop();
  console.log(`${what}: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
  return report;
}

async function isBackOn(live: Slot | null): Promise<void> {
  expect(await stand.status()).toMatchObject({ live, agreement: true, deployment: null });
}

/** Once the newest deployment watches. */
async function watched(): Promise<void> {
  const isWatching = () => {
    const journal = stand.journal();
    const begin = journal.findLast(({ kind }) => kind === 'begin');
    const step = journal.findLast(({ kind, deployment }) => kind === 'step' && deployment === begin?.['deployment']);
    const plan = (begin?.['plan'] ?? []) as readonly { do: string }[];
    return plan[Number(step?.['index'] ?? 0)]?.do === 'watch';
  };
  await until(isWatching, 60_000, 'its first stage');
}

describe('the watch', () => {
  test('is killed in each stage: traffic stays on proven slots, and the next command tells and puts it right', async () => {
    for (const at of [0, 400, 800, 1200]) {
      const { live } = await stand.status();
      const child = stand.start('deploy');
      const end = finished(child);
      await sleep(300);
      await watched();
      await sleep(at);
      child.kill('SIGKILL');
      await end;
      const status = await stand.status();
      if (status.deployment) expect(status.next).toContain('cutover recover');
      mustBeDone(await stand.cutover('recover'));
      if (status.deployment) await isBackOn(live);
    }
    await nothingLost('deploys killed in their stages');
  });

  test('goes on in the new log when the old one is rotated in the middle of it', async () => {
    const log = path.join(stand.state, 'access', 'access.log');
    stand.configure(`${base}shift: { stages: [50, 100], for: 1s }\nwatch: { for: 1s, requests: 60, quiet: wait }\n`);
    const end = finished(stand.start('deploy'));
    await sleep(300);
    await watched();
    renameSync(log, `${log}.1`);
    await sleep(150);
    process.kill(stand.nginx.master, 'SIGUSR1');
    await until(() => existsSync(log));
    mustBeDone(await end);
    await nothingLost('a log that is rotated in the middle of a watch');
  });

  test.each([
    ['pass', 0, 'passed by watch.quiet'],
    ['fail', 5, 'TOO_QUIET'],
    ['wait', 5, 'TOO_QUIET'],
  ])('with no traffic at all does as `quiet: %s` says', async (quiet, code, words) => {
    await load.stop();
    const { live } = await stand.status();
    stand.configure(`${stages}watch: { for: 300ms, quiet: ${quiet}, longest: 1500ms }\n`);
    const result = await stand.cutover('deploy');
    expect(result.stderr).toContain(words);
    expect(result.code).toBe(code);
    if (code !== 0) await isBackOn(live);
  });

  test('is not led astray by a clock that jumps', async () => {
    const faketime = await ensureProgram('faketime', 'faketime');
    const words = ['-f', '+30d', process.execPath, main, 'deploy', '--config', stand.config];
    const { code, stderr } = await finished(spawn(faketime, words));
    expect(code, stderr).toBe(0);
    await nothingLost('a clock that jumps');
  });

  test('takes a release back within a second of its first bad answer', async () => {
    await setUpFor(`${base}watch: { for: 10s, settle: 0s }\nenv: { FAIL: 'errors:100' }\n`, 100);
    const { live } = await stand.status();
    const { stderr, code } = await stand.cutover('deploy');
    expect(code, stderr).toBe(5);
    expect(stderr).toContain('RELEASE_WORSE');
    await isBackOn(live);
    const { losses } = await load.stop();
    const times = losses.map(({ at }) => at);
    const took = Math.max(...times) - Math.min(...times);
    console.log(`from the first bad answer to the last: ${Math.round(took)} ms, ${losses.length} bad answers`);
    expect(losses.every(({ kind }) => kind === 'status')).toBe(true);
    expect(took).toBeLessThan(5000);
    stand.configure(plain);
    mustBeDone(await stand.cutover('setup'));
  });
});

describe('connections that stay', () => {
  test('WebSockets and event streams are counted by slot, and what is cut is told', async () => {
    await setUpFor(`${base}standby: none\ndrain: 1s\ngrace: 2s\n`, 200);
    const { live } = await stand.status();
    const place = { url: stand.url, host: stand.host };
    const sockets = await startWebSockets({ ...place, url: `${stand.url.replace('http', 'ws')}/ws`, connections: 3 });
    const events = await startEvents({ ...place, url: `${stand.url}/events`, connections: 2 });
    await sleep(300);
    expect((await stand.status()).slots[live ?? 'blue']).toMatchObject({ streams: 5 });
    const { stderr, code } = await stand.cutover('deploy');
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/5 \(5 WebSockets or event streams\) still open after 1 s; stopping cuts them/);
    expect(stand.journal().at(-1)).toMatchObject({ kind: 'end', cut: 5 });
    await sockets.stop();
    await events.stop();
    await nothingLost('old connections that are told to go');
    stand.configure(plain);
    mustBeDone(await stand.cutover('setup'));
    mustBeDone(await stand.cutover('deploy'));
  });
});

describe('what is told afterwards', () => {
  test('`--prove` counts, and tells which release answered when', async () => {
    const { stderr, code } = await stand.cutover('deploy', '--prove', '50');
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/proof {5}\d+ requests, 0 lost/);
    const [entry] = JSON.parse((await stand.cutover('history', '--json', '-n', '1')).stdout) as {
      proof: { sent: number; lost: number; answers: { release: string }[] };
    }[];
    expect(entry?.proof).toMatchObject({ lost: 0 });
    expect(entry?.proof.sent).toBeGreaterThan(20);
    expect(entry?.proof.answers).toHaveLength(2);
    await nothingLost('a deploy that proves itself');
  });

  test('what the standby answered for a live release that died is in `status` and in the history', async () => {
    await load.stop();
    load = await publicOf(200, 0);
    const status = await stand.status();
    expect(status.failovers).toBeNull();
    process.kill(status.slots[status.live ?? 'blue'].pid ?? 0, 'SIGKILL');
    await sleep(1500);
    const after = await stand.status();
    expect(after.failovers?.requests).toBeGreaterThan(0);
    expect((await stand.cutover('status')).stdout).toContain('failover    the standby answered');
    await nothingLost('a live release that died, GET');
    mustBeDone(await stand.cutover('rollback'));
    expect((await stand.cutover('history')).stdout).toContain('before it the standby answered');
    expect((await stand.status()).failovers).toBeNull();
  });
});
