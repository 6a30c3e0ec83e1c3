import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import { startRegistry, type Registry } from '../../lab/registry.ts';
import type { Load } from '../../lab/strict-client.ts';
import type { Release } from '../../src/core/release.ts';
import { createDockerStand, type DockerStand } from '../support/docker-stand.ts';
import { mustBeDone } from '../support/stand.ts';

const config = 'health: { path: /health }\nupstream: { server: node, idle: 200ms }\n';
let registry: Registry;
let docker: DockerStand;
let load: Load;
/** Digest of each version, as the registry tells it. */
const digests: Record<string, string> = {};

beforeAll(async () => {
  registry = await startRegistry();
  docker = await createDockerStand({ config });
  for (const version of ['1', '2', '3']) digests[version] = await pushed(version, version);
  mustBeDone(await docker.stand.cutover('deploy', nameOf('1')));
  load = await startLoadProcess({ url: docker.stand.url, host: docker.stand.host, connections: 20, rate: 100 });
});

afterAll(async () => {
  await docker?.stop();
  await registry?.stop();
});

function nameOf(tag: string): string {
  return `${registry.address}/team/shop:${tag}`;
}

/** Builds and pushes; the engine has it no more afterwards. */
async function pushed(version: string, tag: string): Promise<string> {
  const { docker: engine } = docker.engine;
  await docker.image(nameOf(tag), `ENV APP_VERSION=${version}`);
  await engine('push', '--quiet', nameOf(tag));
  await engine('rmi', nameOf(tag));
  return registry.digest('team/shop', tag);
}

async function served(): Promise<{ version: string; release: string }> {
  const { url, host } = docker.stand;
  load.fireIdleNow();
  return (await (await fetch(`${url}/version`, { headers: { host } })).json()) as { version: string; release: string };
}

/** The same image under a manifest of other bytes, as a mirror that converts them keeps it. */
async function rewritten(url: string): Promise<void> {
  const type = 'application/vnd.docker.distribution.manifest.v2+json';
  const manifest: unknown = await (await fetch(url, { headers: { accept: type } })).json();
  const put = await fetch(url, { method: 'PUT', headers: { 'content-type': type }, body: JSON.stringify(manifest) });
  expect(put.status).toBe(201);
}

function recordOf(release: string): Release {
  const file = path.join(docker.stand.state, 'releases', release, 'release.json');
  return JSON.parse(readFileSync(file, 'utf8')) as Release;
}

test('a tag is pulled, and the digest that the registry tells is recorded', async () => {
  expect(digests['1']).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await served()).toMatchObject({ version: '1', release: '1' });
  expect(recordOf('1')).toMatchObject({ name: nameOf('1'), digest: digests['1'] });
});

test('a digest is pulled as it is', async () => {
  const name = `${registry.address}/team/shop@${digests['2']}`;
  mustBeDone(await docker.stand.cutover('deploy', name));
  expect(await served()).toMatchObject({ version: '2', release: '2' });
  expect(recordOf('2')).toMatchObject({ name, digest: digests['2'] });
});

test('a tag that was moved is fetched anew, and the way back is the image it named before', async () => {
  const moved = await pushed('1.1', '1');
  expect(moved).not.toBe(digests['1']);
  mustBeDone(await docker.stand.cutover('deploy', nameOf('1')));
  expect(await served()).toMatchObject({ version: '1.1', release: '3' });
  expect(recordOf('3').digest).toBe(moved);
  mustBeDone(await docker.stand.cutover('rollback', '1'));
  expect(await served()).toMatchObject({ version: '1', release: '1' });
});

test('an image that came from two registries is recorded with the digest of the one that was named', async () => {
  const { engine, stand } = docker;
  const other = await startRegistry();
  onTestFinished(() => other.stop());
  const name = `${other.address}/mirror/shop:3`;
  await engine.docker('pull', '--quiet', nameOf('3'));
  await engine.docker('tag', nameOf('3'), name);
  await engine.docker('push', '--quiet', name);
  await rewritten(`http://${other.address}/v2/mirror/shop/manifests/3`);
  const digest = await other.digest('mirror/shop', '3');
  expect(digest).not.toBe(digests['3']);
  mustBeDone(await stand.cutover('deploy', name));
  expect(recordOf('4').digest).toBe(digest);
  expect(await served()).toMatchObject({ version: '3', release: '4' });
});

test('while the registry is down a deploy is refused before anything is touched', async () => {
  const { stand, engine } = docker;
  await registry.down();
  const before = await stand.status();
  const containers = await engine.docker('ps', '--all', '--no-trunc', '--quiet');
  for (const name of [nameOf('2'), `${registry.address}/team/shop@${digests['3']}`]) {
    const { code, stderr } = await stand.cutover('deploy', name);
    expect(stderr).toMatch(/STAGE_FAILED[\s\S]*connection refused/);
    expect(stderr).toContain('is the name right, the registry up');
    expect(code, stderr).toBe(5);
  }
  const after = await stand.status();
  expect(after).toMatchObject({ live: before.live, agreement: true, deployment: null, releases: before.releases });
  expect(await engine.docker('ps', '--all', '--no-trunc', '--quiet')).toBe(containers);
  expect(await served()).toMatchObject({ release: '4' });
});

test('and a rollback needs neither it nor the names of its images', async () => {
  const { stand, engine } = docker;
  const names = (await engine.docker('images', '--format', '{{.Repository}}:{{.Tag}}')).split('\n');
  const theirs = names.filter((name) => name.startsWith('127.0.0.1') && !name.endsWith('<none>'));
  await engine.docker('rmi', ...theirs);
  for (const [release, version] of [
    ['2', '2'],
    ['3', '1.1'],
    ['1', '1'],
  ] as const) {
    mustBeDone(await stand.cutover('rollback', release));
    expect(await served()).toMatchObject({ version, release });
  }
});

test('once it is up again the next deploy goes through', async () => {
  await registry.up();
  mustBeDone(await docker.stand.cutover('deploy', nameOf('2')));
  expect(await served()).toMatchObject({ version: '2' });
});

test('through all of it no request was lost', async () => {
  const report = await load.stop();
  console.log(`a registry: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
});
