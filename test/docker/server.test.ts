import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import { startSshd, type Sshd } from '../../lab/sshd.ts';
import type { Load } from '../../lab/strict-client.ts';
import { createDockerStand, writeDockerfile, type DockerStand } from '../support/docker-stand.ts';
import { mustBeDone } from '../support/stand.ts';

/* `server:` with containers: all of it runs over there, where the engine is; nothing of the kind is needed here. */
const config = 'health: { path: /health, deadline: 20s }\nupstream: { server: node, idle: 200ms }\ngrace: 3s\n';
let docker: DockerStand;
let sshd: Sshd;
let load: Load;
let server: string;

beforeAll(async () => {
  docker = await createDockerStand({ config });
  await docker.image('shop:2', 'ENV APP_VERSION=2');
  sshd = await startSshd({ DOCKER_HOST: docker.engine.env['DOCKER_HOST'] ?? '' });
  // Here there is no engine at all.
  Object.assign(process.env, sshd.env, { DOCKER_HOST: 'unix:///nowhere', XDG_RUNTIME_DIR: docker.stand.dir });
  server = `server: ${sshd.url}\n`;
  docker.stand.configure(server + config);
  mustBeDone(await docker.stand.cutover('deploy'));
  load = await startLoadProcess({ url: docker.stand.url, host: docker.stand.host, connections: 20, rate: 200 });
});

afterAll(async () => {
  Object.assign(process.env, docker?.engine.env);
  docker?.stand.configure(config);
  await docker?.stop();
  await sshd?.stop();
});

async function release(): Promise<string | null> {
  const { live, slots, agreement } = await docker.stand.status();
  expect(agreement).toBe(true);
  return live && slots[live].release;
}

test('an image of the engine there is deployed, and taken back', async () => {
  mustBeDone(await docker.stand.cutover('deploy', 'shop:2'));
  expect(await release()).toBe('2');
  mustBeDone(await docker.stand.cutover('rollback'));
  expect(await release()).toBe('1');
  expect((await docker.stand.cutover('logs', 'blue')).stdout).toContain('listens on 8080');
});

test('an archive of here is sent there once, and loaded', async () => {
  const archive = path.join(docker.stand.dir, 'shop.tar');
  await docker.engine.docker('save', '--output', archive, 'shop:2');
  const first = await docker.stand.cutover('deploy', archive);
  mustBeDone(first);
  mustBeDone(await docker.stand.cutover('deploy', archive));
  expect(await release()).toBe('4');
});

test('a folder of here is built there', async () => {
  const folder = path.join(docker.stand.dir, 'source');
  writeDockerfile(folder, 'ENV APP_VERSION=9');
  docker.stand.configure(server + config, `{ build: ${folder} }`);
  mustBeDone(await docker.stand.cutover('deploy'));
  expect(await release()).toBe('5');
  expect(await docker.engine.docker('ps', '--quiet', '--filter=label=cutover.release=5')).not.toBe('');
});

test('none of it lost a request, and nothing that was sent is left in the way', async () => {
  const { sent, lost } = await load.stop();
  console.log(`containers of a server over ssh: ${lost} of ${sent} requests lost`);
  expect([lost, sent > 500]).toEqual([0, true]);
});
