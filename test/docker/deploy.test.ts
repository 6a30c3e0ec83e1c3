import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { Load } from '../../lab/strict-client.ts';
import { finding } from '../support/doctor.ts';
import { createDockerStand, writeDockerfile, type DockerStand } from '../support/docker-stand.ts';
import { mustBeDone } from '../support/stand.ts';

const config = 'health: { path: /health }\nupstream: { server: node }\nenv_file: secrets\n';
interface Inspected {
  Config: { Labels: Record<string, string>; Env: string[] };
  HostConfig: { RestartPolicy: { Name: string }; PortBindings: unknown };
}

let docker: DockerStand;
let load: Load;

beforeAll(async () => {
  docker = await createDockerStand({
    config,
    beforeSetup: ({ config: file }) =>
      writeFileSync(path.join(path.dirname(file), 'secrets'), 'TOKEN=s3cr3t $HOME\n', { mode: 0o600 }),
  });
  mustBeDone(await docker.stand.cutover('deploy', '-m', 'first'));
  load = await startLoadProcess({ url: docker.stand.url, host: docker.stand.host, connections: 40, rate: 200 });
});

afterAll(async () => docker?.stop());

test('a first deploy of an image is live in a container of ours, on the loopback address alone', async () => {
  const { stand, engine } = docker;
  const status = await stand.status();
  expect(status).toMatchObject({ live: 'blue', agreement: true, deployment: null });
  expect(status.slots.blue).toMatchObject({ state: 'live', release: '1', restarts: 0, port: stand.ports.blue });
  expect(status.slots.blue.memory).toBeGreaterThan(5_000_000);
  const [seen] = JSON.parse(await engine.docker('inspect', 'cutover-shop-blue')) as Inspected[];
  expect(seen?.Config.Labels).toMatchObject({
    'cutover.app': 'shop',
    'cutover.slot': 'blue',
    'cutover.release': '1',
  });
  expect(seen?.HostConfig.RestartPolicy.Name).toBe('always');
  expect(seen?.HostConfig.PortBindings).toEqual({
    '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: String(stand.ports.blue) }],
  });
  expect(seen?.Config.Env).toContain('TOKEN=s3cr3t $HOME');
});

test('doctor looks at containers as containers', async () => {
  const { stdout } = await docker.stand.cutover('doctor', '--json');
  const { counts, findings } = JSON.parse(stdout) as {
    counts: Record<string, number>;
    findings: { id: string; verdict: string; says: string }[];
  };
  expect(counts, stdout).toMatchObject({ wrong: 0, unknown: 0 });
  const says = Object.fromEntries(findings.map(({ id, verdict, says: words }) => [id, `${verdict}: ${words}`]));
  expect(says).toMatchObject({
    'process-owner': 'warning: the application is root in its container',
    artifact: 'fine: the engine has shop:1',
  });
});

test('deploys and rollbacks under load move the traffic and lose nothing', async () => {
  const { stand, image } = docker;
  for (const version of ['2', '3']) {
    await image(`shop:${version}`, `ENV APP_VERSION=${version}`);
    mustBeDone(await stand.cutover('deploy', `shop:${version}`));
    load.fireIdleNow();
    mustBeDone(await stand.cutover('rollback'));
    load.fireIdleNow();
    expect(await (await fetch(`${stand.url}/version`, { headers: { host: stand.host } })).json()).toBeTruthy();
  }
  expect((await stand.status()).live).toBeTruthy();
});

test('a release that is not up any more is rolled back to without a build and without its name', async () => {
  const { stand, engine } = docker;
  await engine.docker('rmi', '--force', 'shop:1');
  mustBeDone(await stand.cutover('rollback', '1'));
  expect((await stand.status()).slots[(await stand.status()).live ?? 'blue'].release).toBe('1');
});

test('an archive, and a folder that is built', async () => {
  const { stand, engine } = docker;
  const archive = path.join(engine.dir, 'shop.tar');
  await engine.docker('save', '--output', archive, 'shop:2');
  mustBeDone(await stand.cutover('deploy', archive));
  const folder = path.join(path.dirname(stand.config), 'source');
  writeDockerfile(folder);
  stand.configure(config, '{ build: source }');
  mustBeDone(await stand.cutover('deploy'));
  stand.configure(config);
});

test('what an earlier release printed is still there, and the digest of each is recorded', async () => {
  const { stand } = docker;
  const { stdout } = await stand.cutover('logs', '2');
  expect(stdout).toContain('listens on 8080');
  const record = readFileSync(path.join(stand.state, 'releases', '2', 'release.json'), 'utf8');
  expect(JSON.parse(record)).toMatchObject({ name: 'shop:2', digest: expect.stringMatching(/^sha256:/) });
});

test('an image of a release that is not there is told by doctor, with the command that removes it', async () => {
  const { stand, engine } = docker;
  expect(await finding(stand, 'releases')).toMatchObject({ verdict: 'fine' });
  await engine.docker('tag', 'shop:2', 'cutover-shop:99');
  expect(await finding(stand, 'releases')).toMatchObject({ verdict: 'warning', fix: '`docker rmi cutover-shop:99`' });
  await engine.docker('rmi', 'cutover-shop:99');
});

test('through all of it no request was lost', async () => {
  const report = await load.stop();
  console.log(`containers, deploys and rollbacks: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
  expect(Object.keys(report.byRelease).length).toBeGreaterThan(2);
});
