import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { Load } from '../../lab/strict-client.ts';
import { finding } from '../support/doctor.ts';
import { createDockerStand, type DockerStand } from '../support/docker-stand.ts';
import { mustBeDone } from '../support/stand.ts';
import { until } from '../support/until.ts';

const config = 'health: { path: /health, deadline: 6s }\nupstream: { server: node, idle: 200ms }\ngrace: 3s\n';
/** Well, until somebody makes /tmp/ill in its container. */
const frail = `HEALTHCHECK --interval=400ms --retries=2 CMD ["node", "-e", "if (fs.existsSync('/tmp/ill')) { console.log('the queue does not answer'); process.exit(1) }"]`;

let docker: DockerStand;
let load: Load;

beforeAll(async () => {
  docker = await createDockerStand({ config });
  await docker.image('shop:frail', frail);
  mustBeDone(await docker.stand.cutover('deploy', 'shop:frail'));
  mustBeDone(await docker.stand.cutover('deploy', 'shop:frail'));
  load = await startLoadProcess({ url: docker.stand.url, host: docker.stand.host, connections: 20, rate: 100 });
});

afterAll(async () => docker?.stop());

async function inGreen(script: string): Promise<void> {
  await docker.engine.docker('exec', 'cutover-shop-green', 'node', '-e', script);
}

async function detailOfGreen(): Promise<string | null> {
  return (await docker.stand.status()).slots.green.detail;
}

test('a HEALTHCHECK that turns bad after the switch is shown with its own words, and the traffic stays', async () => {
  const { stand } = docker;
  await inGreen("fs.writeFileSync('/tmp/ill', '')");
  await until(async () => (await detailOfGreen()) !== null, 30_000);
  const status = await stand.status();
  expect(status).toMatchObject({ live: 'green', agreement: true, split: { blue: 0, green: 100 } });
  expect(status.slots.green).toMatchObject({ state: 'live', restarts: 0 });
  expect(status.slots.green.detail).toBe('its HEALTHCHECK says unhealthy: the queue does not answer');
  expect(status.next).toBe('`cutover logs green`: the live release is unhealthy; `cutover rollback` goes back');
  expect((await stand.cutover('status')).stdout).toMatch(/green +live .*the queue does not answer/);
  const says = expect.stringContaining('the queue does not answer');
  expect(await finding(stand, 'crashes')).toMatchObject({ verdict: 'wrong', says });
  expect(await finding(stand, 'health-path')).toMatchObject({ verdict: 'wrong', says });
  load.fireIdleNow();
});

test('that of the standby is shown too, and a rollback to it is refused', async () => {
  const { stand } = docker;
  mustBeDone(await stand.cutover('rollback'));
  const status = await stand.status();
  expect(status.slots.green).toMatchObject({ state: 'standby', detail: expect.stringContaining('queue') });
  expect(status.next).toContain('`cutover logs green`: the standby is unhealthy');
  expect(await finding(stand, 'standby')).toMatchObject({
    verdict: 'wrong',
    says: expect.stringContaining('the queue does not answer'),
  });
  const { code, stderr } = await stand.cutover('rollback', '2');
  expect(stderr).toMatch(/HEALTH_TIMEOUT[\s\S]*HEALTHCHECK says unhealthy: the queue does not answer/);
  expect(code).toBe(5);
  expect(await stand.status()).toMatchObject({ live: 'blue', agreement: true, deployment: null });
  load.fireIdleNow();
});

test('one that is good again is forgotten', async () => {
  await inGreen("fs.rmSync('/tmp/ill')");
  await until(async () => (await detailOfGreen()) === null, 30_000);
  mustBeDone(await docker.stand.cutover('rollback', '2'));
});

test('through all of it no request was lost', async () => {
  const report = await load.stop();
  console.log(`unhealthy containers: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
});
