import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { Load } from '../../lab/strict-client.ts';
import { createEdgeStand, type EdgeStand } from '../support/edge-stand.ts';
import { mustBeDone } from '../support/stand.ts';

const config = `health: { path: /health, deadline: 4s }
upstream: { server: node, idle: 200ms }
container: { port: 8080, network: shopnet, addresses: { blue: 172.30.0.11, green: 172.30.0.12 } }
`;
let edge: EdgeStand;
let load: Load;

beforeAll(async () => {
  edge = await createEdgeStand({
    config,
    runtime: 'docker',
    artifact: 'shop:1',
    subnet: '172.30.0.0/24',
    network: ({ nginx }) => ['--network=shopnet', `--publish=127.0.0.1:${nginx.port}:80`],
    lines: ({ nginx }) => `  listen: 80\n  front_door: http://127.0.0.1:${nginx.port}`,
  });
  mustBeDone(await edge.stand.cutover('deploy'));
  load = await startLoadProcess({ url: edge.stand.url, host: edge.stand.host, connections: 40, rate: 200 });
});

afterAll(async () => edge?.stop());

test('nginx passes to the container itself, at its own port', async () => {
  const { frontDoor } = await edge.stand.status();
  expect(frontDoor).toMatchObject({ slot: 'blue', status: 200 });
  expect(JSON.stringify(frontDoor)).toContain('172.30.0.11:8080');
  const { stdout } = await edge.stand.cutover('doctor', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ counts: { wrong: 0, unknown: 0 } });
});

test('deploys, rollbacks and a failed deploy in a network of its own', async () => {
  const { stand, image } = edge;
  for (const version of ['2', '3']) {
    await image(`shop:${version}`, `ENV APP_VERSION=${version}`);
    mustBeDone(await stand.cutover('deploy', `shop:${version}`));
    load.fireIdleNow();
    mustBeDone(await stand.cutover('rollback'));
    load.fireIdleNow();
    expect(await stand.status()).toMatchObject({ agreement: true, deployment: null });
  }
  await image('shop:bad', 'ENV FAIL=unhealthy');
  expect((await stand.cutover('deploy', 'shop:bad')).code).toBe(5);
});

test('the standby is drained by what nginx itself has open, and the configuration passes without any container', async () => {
  const { stand, engine } = edge;
  const { live } = await stand.status();
  const standby = live === 'blue' ? 'green' : 'blue';
  await engine.docker('rm', '--force', `cutover-shop-${standby}`).catch(() => undefined);
  await engine.docker('exec', 'edge', 'nginx', '-t', '-q');
  mustBeDone(await stand.cutover('deploy', 'shop:2'));
  load.fireIdleNow();
  expect(await stand.status()).toMatchObject({ live: standby, agreement: true });
});

test('through all of it no request was lost', async () => {
  const report = await load.stop();
  console.log(`nginx in a container, private network: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
});

test('a network that only the slots are on is refused', async () => {
  const { engine, stand } = edge;
  await engine.docker('network', 'create', '--subnet=172.31.0.0/24', 'othernet');
  stand.configure(config.replace('shopnet', 'othernet'));
  const { code, stderr } = await stand.cutover('setup');
  expect(stderr).toContain('docker network connect othernet edge');
  expect(code).toBe(3);
  stand.configure(config);
});
