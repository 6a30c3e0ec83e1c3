import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import { startRegistry, type Registry } from '../../lab/registry.ts';
import { mountSmallDisk, type SmallDisk } from '../../lab/small-disk.ts';
import type { Load } from '../../lab/strict-client.ts';
import { createDockerStand, writeDockerfile, type DockerStand } from '../support/docker-stand.ts';
import { mustBeDone } from '../support/stand.ts';

const config = 'health: { path: /health }\nupstream: { server: node, idle: 200ms }\n';
/** Megabytes that a big release adds, and what is left while it comes. */
const [big, left] = [80, 40];
let disk: SmallDisk;
let registry: Registry;
let docker: DockerStand;
let load: Load;
let folder: string;

/** The engine's data on a small disk of its own; the archive, the registry's and cutover's are elsewhere. */
beforeAll(async () => {
  disk = mountSmallDisk(600);
  registry = await startRegistry();
  folder = mkdtempSync(path.join(tmpdir(), 'cutover-big-'));
  docker = await createDockerStand({ config }, [`--data-root=${disk.dir}`]);
  await makeBigOnes();
  mustBeDone(await docker.stand.cutover('deploy'));
  mustBeDone(await docker.stand.cutover('deploy'));
  load = await startLoadProcess({ url: docker.stand.url, host: docker.stand.host, connections: 20, rate: 100 });
});

afterAll(async () => {
  disk?.empty();
  await docker?.stop();
  await registry?.stop();
  disk?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** The same release as an archive, in the registry, and as a folder to build; the engine itself has it no more. */
async function makeBigOnes(): Promise<void> {
  const { docker: engine } = docker.engine;
  writeDockerfile(path.join(folder, 'source'), 'COPY ballast /ballast');
  writeFileSync(path.join(folder, 'source', 'ballast'), randomBytes(big * 1024 ** 2));
  await engine('build', '--quiet', `--tag=${registry.address}/shop:big`, path.join(folder, 'source'));
  await engine('push', '--quiet', `${registry.address}/shop:big`);
  await engine('tag', `${registry.address}/shop:big`, 'shop:big');
  await engine('save', '--output', path.join(folder, 'big.tar'), 'shop:big');
  await engine('rmi', 'shop:big', `${registry.address}/shop:big`);
}

const ways = {
  'an archive': () => [path.join(folder, 'big.tar')],
  'a pull': () => [`${registry.address}/shop:big`],
  'a build': () => {
    docker.stand.configure(config, `{ build: ${path.join(folder, 'source')} }`);
    return [];
  },
};

test.each(Object.entries(ways))(
  '%s that the disk has no room for is refused, and nothing is left of it',
  async (_, words) => {
    const { stand } = docker;
    disk.fill(left);
    const before = await everything();
    const { code, stderr } = await stand.cutover('deploy', ...words());
    expect(stderr).toMatch(/the engine has no room for/);
    expect(stderr).toMatch(/NO_DISK[\s\S]*no space left on device/);
    expect(stderr).toMatch(/fix +.*docker system df/);
    expect(code, stderr).toBe(5);
    expect(disk.free()).toBeGreaterThan(left - 10);
    expect(await everything()).toEqual(before);
    load.fireIdleNow();
    stand.configure(config, 'shop:1');
  },
);

test.each(Object.entries(ways))('%s succeeds once there is room', async (_, words) => {
  const { stand, engine } = docker;
  disk.empty();
  mustBeDone(await stand.cutover('deploy', ...words()));
  load.fireIdleNow();
  const status = await stand.status();
  expect(status).toMatchObject({ agreement: true, deployment: null });
  const { release } = status.slots[status.live ?? 'blue'];
  expect(await engine.docker('images', '--format', '{{.Repository}}:{{.Tag}}')).toContain(`cutover-shop:${release}`);
  stand.configure(config, 'shop:1');
});

test('a disk without a byte left starts nothing, and the live release goes on', async () => {
  const { stand, engine } = docker;
  // A standby that makes room would leave some.
  stand.configure(`${config}standby: 0\n`);
  mustBeDone(await stand.cutover('deploy'));
  const { live } = await stand.status();
  disk.fill(0);
  const { code, stderr } = await stand.cutover('deploy');
  load.fireIdleNow();
  disk.empty();
  expect(stderr).toMatch(/NO_DISK[\s\S]*no space left on device/);
  expect(code, stderr).toBe(5);
  expect(await stand.status()).toMatchObject({ live, agreement: true, deployment: null });
  expect((await engine.docker('ps', '--all', '--quiet')).split('\n')).toHaveLength(1);
  stand.configure(config);
  mustBeDone(await stand.cutover('deploy'));
  load.fireIdleNow();
});

test('a state directory that is full leaves no image behind either', async () => {
  const { stand } = docker;
  const releases = path.join(stand.state, 'releases');
  const { tags } = await everything();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4k,mode=755,nr_inodes=1', 'cutover-test', releases]);
  const { code, stderr } = await stand.cutover('deploy');
  execFileSync('umount', [releases]);
  expect(stderr).toMatch(/NO_DISK|STATE_NOT_WRITABLE|SYSTEM/);
  expect(code).toBe(5);
  expect((await everything()).tags).toEqual(tags);
});

test('through all of it no request was lost', async () => {
  const report = await load.stop();
  console.log(`the engine's disk full: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
});

/** What a deploy that was refused must not have changed. */
async function everything(): Promise<Readonly<Record<string, unknown>>> {
  const { engine, stand } = docker;
  const { live, slots, releases, agreement, deployment } = await stand.status();
  return {
    images: (await engine.docker('images', '--all', '--quiet', '--no-trunc')).split('\n').toSorted(),
    tags: (await engine.docker('images', '--format', '{{.Repository}}:{{.Tag}}')).split('\n').toSorted(),
    containers: await engine.docker('ps', '--all', '--no-trunc', '--format', '{{.ID}} {{.Names}}'),
    records: existsSync(stand.state) ? execFileSync('ls', ['-A', path.join(stand.state, 'releases')]).toString() : '',
    live,
    pids: [slots.blue.pid, slots.green.pid],
    releases,
    agreement,
    deployment,
  };
}
