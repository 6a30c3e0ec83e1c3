import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bundled } from '../../lab/bundle.ts';
import { startLoadProcess } from '../../lab/load-process.ts';
import { root } from '../../lab/paths.ts';
import type { Load } from '../../lab/strict-client.ts';
import { createStand, finished, mustBeDone, type Finished, type Stand } from '../support/stand.ts';

let stand: Stand;
let load: Load;

const config = 'health: { path: /health }\nupstream: { idle: 200ms }\n';
const inStages = `${config}warmup: { paths: /version, deadline: 100ms }
shift: { stages: [20, 100], for: 100ms }
watch: { for: 100ms, settle: 0s, requests: 0 }
`;

beforeEach(async ({ task }) => {
  stand = await createStand({ config: task.name.includes('in stages') ? inStages : config });
  mustBeDone(await stand.cutover('deploy'));
  mustBeDone(await stand.cutover('deploy'));
  load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 20, rate: 200 });
});

afterEach(async () => {
  await stand.stop();
});

describe('killed with SIGKILL at every moment that matters', () => {
  test('a deploy is put right by `recover`, and nothing is lost', async () => {
    const moments = await killAtEveryMoment('deploy', () => stand.cutover('recover'));
    await nothingLost(`deploy killed at ${moments} moments`);
    expect(moments).toBeGreaterThan(20);
  });

  test('a deploy in stages, from its first stage on, is put right by `recover`, and nothing is lost', async () => {
    const moments = await killAtEveryMoment('stages', () => stand.cutover('recover'));
    await nothingLost(`deploy in stages killed at ${moments} moments`);
    expect(moments).toBeGreaterThan(12);
  });

  test('a rollback is put right by the next deploy, and nothing is lost', async () => {
    const moments = await killAtEveryMoment('rollback', () => stand.cutover('deploy'));
    await nothingLost(`rollback killed at ${moments} moments`);
    expect(moments).toBeGreaterThan(6);
  });
});

describe('ended at random moments', () => {
  const signals = ['SIGKILL', 'SIGINT', 'SIGTERM', 'SIGHUP'] as const;

  test.each(signals.map((signal, index) => [signal, index] as const))(
    '%s leaves proven traffic and a way on',
    async (signal, index) => {
      for (let round = 0; round < 4; round++) {
        const child = stand.start('deploy');
        // Sixteen moments of a deploy, four for each signal.
        const delay = 60 + (round * signals.length + index) * 60;
        setTimeout(() => child.kill(signal), delay);
        const { code } = await finished(child);
        // Before cutover has begun, a signal simply ends it.
        expect([0, 130, 128 + constants.signals[signal]], `${signal} after ${delay} ms`).toContain(code);
        if (signal !== 'SIGKILL' && code === 130) expect((await stand.status()).deployment).toBeNull();
        mustBeDone(await stand.cutover('recover'));
        await isWhole();
      }
      await nothingLost(`four deploys ended by ${signal}`);
    },
  );
});

async function killAtEveryMoment(
  command: 'deploy' | 'stages' | 'rollback',
  putRight: () => Promise<Finished>,
): Promise<number> {
  for (let moment = 1; moment < 100; moment++) {
    const { code, stderr } = await killedAt(command, moment);
    if (code === 0) return moment - 1;
    expect(code, stderr).toBe(137);
    load.fireIdleNow();
    mustBeDone(await putRight());
    await isWhole();
    if (command === 'rollback') continue;
  }
  throw new Error('the command never came to its end');
}

async function killedAt(command: string, moment: number): Promise<Finished> {
  const words = [await bundled('test/support/killed.ts'), stand.config, command, String(moment)];
  return finished(spawn(process.execPath, words, { cwd: root, stdio: 'pipe' }));
}

/** No unfinished deployment, no disagreement, and a release that runs where the traffic goes. */
async function isWhole(): Promise<void> {
  const status = await stand.status();
  expect(status).toMatchObject({ agreement: true, deployment: null });
  const live = status.live ?? 'blue';
  expect(status.slots[live]).toMatchObject({ state: 'live' });
  expect(status.frontDoor).toMatchObject({ slot: live, status: 200 });
  const other = status.slots[live === 'blue' ? 'green' : 'blue'];
  expect(['standby', 'stopped']).toContain(other.state);
}

async function nothingLost(what: string): Promise<void> {
  const report = await load.stop();
  console.log(`${what}: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
}
