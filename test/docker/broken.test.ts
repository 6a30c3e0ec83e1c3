import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import { createDockerStand, type DockerStand } from '../support/docker-stand.ts';
import { finished, mustBeDone } from '../support/stand.ts';
import { until } from '../support/until.ts';

const quick = 'health: { path: /health, deadline: 20s }\nupstream: { server: node, idle: 200ms }\ngrace: 3s\n';
let docker: DockerStand;

beforeAll(async () => {
  docker = await createDockerStand({ config: quick });
  await docker.image('shop:2', 'ENV APP_VERSION=2');
  mustBeDone(await docker.stand.cutover('deploy'));
  mustBeDone(await docker.stand.cutover('deploy', 'shop:2'));
});

afterAll(async () => docker?.stop());

test('killed with SIGKILL at any moment: the next command knows, and no request is lost', async () => {
  const { stand } = docker;
  const load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 20, rate: 100 });
  const ends: string[] = [];
  for (let round = 0; round < 12; round += 1) {
    const deploy = stand.start('deploy', round % 2 === 0 ? 'shop:1' : 'shop:2');
    const done = finished(deploy);
    await sleep(120 + round * 130);
    deploy.kill('SIGKILL');
    await done;
    load.fireIdleNow();
    const { code, stderr } = await stand.cutover('recover');
    expect(code, stderr).toBe(0);
    const status = await stand.status();
    expect(status).toMatchObject({ agreement: true, deployment: null });
    ends.push(`${status.live} ${status.slots[status.live ?? 'blue'].release}`);
  }
  const report = await load.stop();
  console.log(
    `killed at 12 moments: ${report.lost} of ${report.sent} requests lost; live after each: ${ends.join(', ')}`,
  );
  expect(report.losses).toEqual([]);
});

test('an application that dies is started again by the engine, and status counts it', async () => {
  const { stand } = docker;
  mustBeDone(await stand.cutover('deploy'));
  const before = await stand.status();
  const live = before.live ?? 'blue';
  process.kill(before.slots[live].pid ?? 0, 'SIGKILL');
  await until(async () => (await stand.status()).slots[live].restarts === 1, 20_000);
  await until(async () => (await stand.status()).slots[live].state === 'live', 20_000);
});

describe('the engine', () => {
  test('that is down is said to be, and nothing is guessed or touched', async () => {
    const { stand, engine } = docker;
    mustBeDone(await stand.cutover('deploy'));
    const before = await stand.status();
    await engine.down('SIGKILL');
    for (const words of [['deploy'], ['rollback'], ['status']]) {
      const { code, stderr } = await stand.cutover(...words);
      expect(stderr).toContain('DOCKER_DOWN');
      expect(code, stderr).toBe(5);
    }
    await engine.up();
    await until(async () => (await stand.status()).agreement === true, 60_000);
    await until(async () => (await stand.status()).slots[before.live ?? 'blue'].state === 'live', 60_000);
    const after = await stand.status();
    expect(after.live).toBe(before.live);
    expect(after.slots.blue.release).toBe(before.slots.blue.release);
    expect(after.slots.green.release).toBe(before.slots.green.release);
    expect(after.slots[after.live === 'blue' ? 'green' : 'blue'].state).toBe('standby');
    await until(async () => (await stand.status()).frontDoor.status === 200, 60_000);
  });

  test('that hangs is said not to answer, and the public keeps being served', async () => {
    const { stand, engine } = docker;
    const load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 20, rate: 100 });
    const pid = Number(readFileSync(path.join(engine.dir, 'docker.pid'), 'utf8'));
    process.kill(pid, 'SIGSTOP');
    const answers = await Promise.all([stand.cutover('status'), stand.cutover('deploy')]);
    process.kill(pid, 'SIGCONT');
    for (const { code, stderr } of answers) {
      expect(stderr).toMatch(/DOCKER_DOWN[\s\S]*no answer within 30 s/);
      expect(code, stderr).toBe(5);
    }
    expect(await stand.status()).toMatchObject({ agreement: true, deployment: null });
    const report = await load.stop();
    console.log(`an engine that hangs: ${report.lost} of ${report.sent} requests lost`);
    expect(report.losses).toEqual([]);
  });

  test('that restarts in the middle of a deploy: the release on trial does not come back by itself', async () => {
    const { stand, engine } = docker;
    const before = await stand.status();
    stand.configure(`${quick}hooks: { before_switch: { run: [sleep, '60'], deadline: 90s } }\n`);
    const deploy = stand.start('deploy');
    const done = finished(deploy);
    await until(async () => stand.journal().at(-1)?.['kind'] === 'step' && (await hookRuns(engine)), 60_000);
    deploy.kill('SIGKILL');
    await done;
    await engine.down('SIGKILL');
    await engine.up();
    stand.configure(quick);
    mustBeDone(await stand.cutover('recover'));
    const after = await stand.status();
    expect(after).toMatchObject({ live: before.live, agreement: true, deployment: null });
    await until(async () => (await stand.status()).slots[after.live ?? 'blue'].state === 'live', 60_000);
  });
});

/** Both slots are up, and the newer one is proven. */
async function hookRuns({ docker: engine }: DockerStand['engine']): Promise<boolean> {
  return (await engine('ps', '--quiet')).split('\n').filter(Boolean).length === 2;
}
