import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { Load } from '../../lab/strict-client.ts';
import { createDockerStand, writeDockerfile, type DockerStand } from '../support/docker-stand.ts';
import { mustBeDone } from '../support/stand.ts';

const config = 'health: { path: /health }\nupstream: { server: node, idle: 200ms }\n';
const compose = `version: '3.7'
services:
  web:
    build: .
    image: shop-web
    depends_on: [db]
    ports: ['127.0.0.1:29876:8080']
    environment:
      APP_VERSION: \${VERSION:-1}
      PRICE: 5$$
    volumes: ['uploads:/uploads']
  db:
    image: node:lab
    command: [node, -e, 'setInterval(() => 0, 1000)']
volumes:
  uploads:
`;
const named = '{ compose: project/compose.yaml, service: web }';
let docker: DockerStand;
let load: Load;
let database: string;

beforeAll(async () => {
  docker = await createDockerStand({
    config,
    artifact: named,
    beforeSetup: ({ config: file }) => {
      const project = path.join(path.dirname(file), 'project');
      writeDockerfile(project);
      writeFileSync(path.join(project, 'compose.yaml'), compose);
      execFileSync('docker-compose', ['-f', path.join(project, 'compose.yaml'), 'up', '-d', 'db'], { stdio: 'pipe' });
    },
  });
  database = await docker.engine.docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', 'project_db_1');
  mustBeDone(await docker.stand.cutover('deploy'));
  load = await startLoadProcess({ url: docker.stand.url, host: docker.stand.host, connections: 20, rate: 100 });
});

afterAll(async () => docker?.stop());

async function version(): Promise<unknown> {
  const answer = await fetch(`${docker.stand.url}/version`, { headers: { host: docker.stand.host } });
  return answer.json();
}

test('the service runs as the file says, in our slot, and reaches the others by name', async () => {
  const { engine, stand } = docker;
  expect((await stand.status()).slots.blue).toMatchObject({ state: 'live', release: '1' });
  const inside = (script: string) => engine.docker('exec', 'cutover-shop-blue', 'node', '-e', script);
  expect(await inside('console.log(process.env.PRICE, process.env.APP_VERSION)')).toBe('5$ 1');
  expect(await inside("require('dns').lookup('db', (error) => console.log(error?.code ?? 'found'))")).toBe('found');
  expect(await engine.docker('inspect', '--format', '{{json .Mounts}}', 'cutover-shop-blue')).toContain(
    'project_uploads',
  );
});

test('deploys and rollbacks lose nothing, and the other services are left alone', async () => {
  const { engine, stand } = docker;
  for (const each of ['2', '3']) {
    process.env['VERSION'] = each;
    mustBeDone(await stand.cutover('deploy'));
    load.fireIdleNow();
    expect(await version()).toMatchObject({ version: each });
  }
  mustBeDone(await stand.cutover('rollback', '1'));
  expect(await version()).toMatchObject({ version: '1', release: '1' });
  expect(await engine.docker('inspect', '--format', '{{.Id}} {{.State.StartedAt}}', 'project_db_1')).toBe(database);
  const report = await load.stop();
  console.log(`a Compose service: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
});

test('a service that the file does not have is told with those it has', async () => {
  const { stand } = docker;
  stand.configure(config, named.replace('web', 'wep'));
  const { code, stderr } = await stand.cutover('deploy');
  stand.configure(config, named);
  expect(stderr).toMatch(/COMPOSE_INVALID[\s\S]*it has (web, db|db, web)/);
  expect(code).toBe(3);
});

test('nothing of ours is left when it is taken down, and all of theirs', async () => {
  const { engine, stand } = docker;
  mustBeDone(await stand.cutover('down', '--yes'));
  expect(await engine.docker('ps', '--all', '--format', '{{.Names}}')).toBe('project_db_1');
  const networks = (await engine.docker('network', 'ls', '--format', '{{.Name}}')).split('\n');
  expect(networks.toSorted()).toEqual(['bridge', 'host', 'none', 'project_default']);
});
