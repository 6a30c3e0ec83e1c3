import { spawn } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundled } from '../../lab/bundle.ts';
import { startLoadProcess } from '../../lab/load-process.ts';
import { root } from '../../lab/paths.ts';
import type { Load } from '../../lab/strict-client.ts';
import { createEdgeStand, type EdgeStand } from '../support/edge-stand.ts';
import { finished, mustBeDone } from '../support/stand.ts';
import { until } from '../support/until.ts';

const config = 'health: { path: /health, deadline: 4s }\nupstream: { server: node, idle: 200ms }\n';
let edge: EdgeStand;
let load: Load;

beforeAll(async () => {
  edge = await createEdgeStand({ config });
  mustBeDone(await edge.stand.cutover('deploy'));
  await underLoad();
});

afterAll(async () => edge?.stop());

async function underLoad(): Promise<void> {
  load = await startLoadProcess({ url: edge.stand.url, host: edge.stand.host, connections: 40, rate: 200 });
}

async function nothingLost(what: string): Promise<void> {
  const report = await load.stop();
  console.log(`nginx in a container, ${what}: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
}

async function refused(words: readonly string[], exit: number, ...says: readonly string[]): Promise<void> {
  const { code, stderr } = await edge.stand.cutover(...words);
  for (const said of says) expect(stderr).toContain(said);
  expect(code, stderr).toBe(exit);
}

test('the set-up wrote into the mounted folder, and doctor finds nothing wrong', async () => {
  expect(readdirSync(edge.sites)).toEqual(['cutover-shop.conf']);
  const { stdout } = await edge.stand.cutover('doctor', '--json');
  const { findings } = JSON.parse(stdout) as { findings: { id: string; verdict: string; says: string }[] };
  expect(findings.filter(({ verdict }) => verdict === 'wrong' || verdict === 'unknown')).toEqual([]);
  const says = Object.fromEntries(findings.map(({ id, verdict, says: words }) => [id, `${verdict}: ${words}`]));
  expect(says).toMatchObject({
    'nginx-here': 'fine: it is in the container edge, which sees the switch and reaches the slots',
    'nginx-test': 'fine: its configuration passes',
    'nginx-reboot': 'warning: edge does not come back with the engine',
    include: expect.stringContaining('/etc/nginx/conf.d/cutover-shop.conf'),
  });
});

test('two deploys and a rollback', async () => {
  const { stand } = edge;
  for (const command of ['deploy', 'deploy', 'rollback']) {
    mustBeDone(await stand.cutover(command));
    load.fireIdleNow();
    expect(await stand.status()).toMatchObject({ agreement: true, deployment: null });
  }
  await nothingLost('two deploys and a rollback');
  await underLoad();
});

test('a release that is never healthy leaves the traffic where it is', async () => {
  const { stand } = edge;
  const { live } = await stand.status();
  stand.configure(`${config}env: { FAIL: unhealthy }\n`);
  await refused(['deploy'], 5, 'HEALTH_TIMEOUT');
  stand.configure(config);
  expect(await stand.status()).toMatchObject({ live, agreement: true });
});

test('a file of somebody else that is broken stops a deploy before anything is touched', async () => {
  const broken = path.join(edge.sites, 'theirs.conf');
  writeFileSync(broken, 'server { nonsense; }\n');
  await refused(['deploy'], 5, 'NGINX_CONFIG_BROKEN', 'nonsense', 'docker exec edge nginx -t');
  rmSync(broken);
  mustBeDone(await edge.stand.cutover('deploy'));
  await nothingLost('failed deploys');
});

test('a deploy that is killed is put right by recover', { timeout: 300_000 }, async () => {
  await underLoad();
  for (let moment = 2; moment <= 22; moment += 4) {
    expect(await killedAt(moment)).toBe(137);
    mustBeDone(await edge.stand.cutover('recover'));
    load.fireIdleNow();
    expect(await edge.stand.status()).toMatchObject({ agreement: true, deployment: null });
  }
  await nothingLost('deploys killed at six moments');
});

test('a container that is started again goes by the switch as it stands', async () => {
  const { stand, engine } = edge;
  if ((await stand.status()).live === 'blue') mustBeDone(await stand.cutover('deploy'));
  await engine.docker('restart', '--time=5', 'edge');
  await until(async () => (await stand.status()).frontDoor.slot === 'green', 20_000, 'the front door');
  await underLoad();
  mustBeDone(await stand.cutover('deploy'));
  expect(await stand.status()).toMatchObject({ live: 'blue', agreement: true });
  await nothingLost('a deploy after a restart of the container');
});

test('a container that is stopped, or has another name, is told as that', async () => {
  const { engine } = edge;
  await engine.docker('rename', 'edge', 'other');
  await refused(['setup'], 3, 'NGINX_CONTAINER_GONE', 'there is no container edge');
  await engine.docker('rename', 'other', 'edge');
  await engine.docker('stop', '--time=5', 'edge');
  await refused(['setup'], 5, 'NGINX_CONTAINER_DOWN', 'docker start edge');
  await refused(['deploy'], 5, 'the container edge does not run');
  const { stdout } = await edge.stand.cutover('doctor');
  expect(stdout).toContain('the container edge does not run');
  await engine.docker('start', 'edge');
});

test('the set-up is taken back, and the mounted folder stays the same one for the next', async () => {
  const { stand, sites } = edge;
  const traffic = path.join(stand.state, 'traffic');
  const { ino } = statSync(traffic);
  mustBeDone(await stand.cutover('down', '--yes'));
  mustBeDone(await stand.cutover('setup', '--remove'));
  expect(readdirSync(sites)).toEqual([]);
  expect(readdirSync(stand.state)).toEqual(['traffic']);
  expect(existsSync(path.join(traffic, 'blue')) || existsSync(path.join(traffic, 'green'))).toBe(false);
  expect(statSync(traffic).ino).toBe(ino);
  mustBeDone(await stand.cutover('setup'));
  mustBeDone(await stand.cutover('deploy'));
});

test('a folder that was removed and made again is not what the container sees', async () => {
  const { stand, engine } = edge;
  mustBeDone(await stand.cutover('down', '--yes'));
  rmSync(stand.state, { recursive: true });
  await refused(['setup'], 3, 'NGINX_CONTAINER_BLIND', 'docker restart edge');
  await engine.docker('restart', '--time=5', 'edge');
  mustBeDone(await stand.cutover('setup'));
});

async function killedAt(moment: number): Promise<number> {
  const words = [await bundled('test/support/killed.ts'), edge.stand.config, 'deploy', String(moment)];
  return (await finished(spawn(process.execPath, words, { cwd: root }))).code;
}
