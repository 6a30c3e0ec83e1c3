import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importJre } from '../../lab/images.ts';
import { springBootJar } from '../../lab/jars.ts';
import { startLoadProcess } from '../../lab/load-process.ts';
import { root } from '../../lab/paths.ts';
import type { Load } from '../../lab/strict-client.ts';
import { createDockerStand, type DockerStand } from '../support/docker-stand.ts';
import { mustBeDone } from '../support/stand.ts';

/** Started again and again beside other tests: with the JVM's quick compiler alone. */
const config = `health: { path: /actuator/health/readiness, body: UP }
env: { JAVA_TOOL_OPTIONS: '-XX:TieredStopAtLevel=1' }
`;
let docker: DockerStand;
let load: Load;

beforeAll(async () => {
  docker = await createDockerStand({ config, artifact: 'boot:1' });
  await importJre(docker.engine);
  for (const version of ['1', '2', '3']) await image(version);
  mustBeDone(await docker.stand.cutover('deploy'));
  load = await startLoadProcess({ url: docker.stand.url, host: docker.stand.host, connections: 20, rate: 100 });
});

afterAll(async () => docker?.stop());

/** The Dockerfile of the example as it is, with another base. */
async function image(version: string): Promise<void> {
  const folder = path.join(docker.engine.dir, 'boot');
  mkdirSync(folder, { recursive: true });
  copyFileSync(path.join(root, 'examples', 'spring-boot', 'Dockerfile'), path.join(folder, 'Dockerfile'));
  copyFileSync(await springBootJar({ version }), path.join(folder, 'shop.jar'));
  const given = ['--build-arg=BASE=jre:lab', '--build-arg=JAR=shop.jar'];
  await docker.engine.docker('build', '--quiet', ...given, `--tag=boot:${version}`, folder);
}

async function served(): Promise<unknown> {
  const { url, host } = docker.stand;
  load.fireIdleNow();
  return (await fetch(`${url}/version`, { headers: { host } })).json();
}

test('a jar in an image is told its port, and is not root', async () => {
  const { engine, stand } = docker;
  expect(await served()).toMatchObject({ version: '1', release: '1', slot: 'blue' });
  expect((await stand.status()).slots.blue).toMatchObject({ state: 'live', detail: null });
  expect(await engine.docker('inspect', '--format', '{{.Config.User}}', 'cutover-shop-blue')).toBe('1000');
});

test('two deploys and a rollback under load lose nothing', async () => {
  const { stand } = docker;
  for (const version of ['2', '3']) {
    mustBeDone(await stand.cutover('deploy', `boot:${version}`));
    expect(await served()).toMatchObject({ version, release: version });
  }
  mustBeDone(await stand.cutover('rollback'));
  expect(await served()).toMatchObject({ version: '2', release: '2', slot: 'green' });
  mustBeDone(await stand.cutover('rollback', '1'));
  expect(await served()).toMatchObject({ version: '1', release: '1' });
  const report = await load.stop();
  console.log(`Spring Boot in containers: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
});

test('it ends gracefully: what is in flight is answered', async () => {
  const { url, host } = docker.stand;
  const slow = fetch(`${url}/slow?ms=1500`, { headers: { host } });
  await new Promise((next) => setTimeout(next, 300));
  mustBeDone(await docker.stand.cutover('down', '--yes'));
  const { status, headers } = await slow;
  expect(status).toBe(200);
  expect(headers.get('x-release')).toBe('1');
});
