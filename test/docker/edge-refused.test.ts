import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEdgeStand, usual, type EdgeStand } from '../support/edge-stand.ts';
import { mustBeDone } from '../support/stand.ts';

let edge: EdgeStand;

beforeAll(async () => {
  edge = await createEdgeStand({ setup: false });
});

afterAll(async () => edge?.stop());

/** Told with its code, and neither the state nor the folder of the sites has anything new. */
async function refused(code: string, ...says: readonly string[]): Promise<void> {
  const { code: exit, stderr } = await edge.stand.cutover('setup');
  expect(exit, stderr).toBe(3);
  for (const said of [code, ...says]) expect(stderr).toContain(said);
  expect(existsSync(path.join(edge.stand.state, 'setup.json'))).toBe(false);
  expect(readdirSync(edge.sites).filter((name) => name.startsWith('cutover'))).toEqual([]);
}

test('without the folder of the switch the set-up tells the exact line', async () => {
  const { state } = edge.stand;
  await edge.run(usual(edge)[0] ?? '');
  await refused('NGINX_CONTAINER_BLIND', `-v ${state}/traffic:${state}/traffic:ro`);
});

test('without the folder of the sites, too', async () => {
  await edge.run(usual(edge)[1] ?? '');
  await refused('NGINX_CONTAINER_BLIND', '-v /etc/nginx/conf.d:/etc/nginx/conf.d:ro', 'docker cp edge:');
});

test('both are told at once', async () => {
  const { state } = edge.stand;
  await edge.run();
  await refused('NGINX_CONTAINER_BLIND', `-v ${state}/traffic:`, '-v /etc/nginx/conf.d:');
});

test('a site that is mounted as a single file would never change', async () => {
  const [, traffic = ''] = usual(edge);
  const alone = path.join(edge.stand.dir, 'alone.conf');
  writeFileSync(alone, '');
  await edge.run(traffic, `${alone}:/etc/nginx/conf.d/cutover-shop.conf:ro`);
  await refused('NGINX_CONTAINER_BLIND', 'only the file /etc/nginx/conf.d/cutover-shop.conf is mounted');
});

test('a link instead of the folder would be followed once', async () => {
  const [sites = ''] = usual(edge);
  const { state, dir } = edge.stand;
  mkdirSync(path.join(state, 'traffic'), { recursive: true });
  symlinkSync(path.join(state, 'traffic'), path.join(dir, 'link'));
  await edge.run(sites, `${path.join(dir, 'link')}:/traffic:ro`);
  await refused('NGINX_CONTAINER_BLIND', 'is a link', `-v ${state}/traffic:${state}/traffic:ro`);
});

test('another mount above the folder hides it', async () => {
  const { state } = edge.stand;
  const other = path.join(edge.stand.dir, 'other');
  mkdirSync(other);
  await edge.run(usual(edge)[0] ?? '', `${state}:${state}:ro`, `${other}:${state}/traffic:ro`);
  await refused('NGINX_CONTAINER_BLIND', 'it is not mounted there');
});

test('nginx in a network of its own would not reach a process on this machine', async () => {
  const { engine } = edge;
  await engine.docker('rm', '--force', 'edge');
  const volumes = usual(edge).map((volume) => `--volume=${volume}`);
  await engine.docker('run', '--detach', '--name=edge', ...volumes, 'nginx:lab');
  await refused('NGINX_CONTAINER_APART', 'network_mode: host');
});

test('the path inside may be another one, and a parent may be mounted', async () => {
  const { state, dir } = edge.stand;
  await edge.run(usual(edge)[0] ?? '', `${dir}:/srv/all:ro`);
  mustBeDone(await edge.stand.cutover('setup'));
  const { stdout } = await edge.stand.cutover('setup', '--print');
  expect(stdout).toContain(`/srv/all/${path.basename(state)}/traffic/green`);
  mustBeDone(await edge.stand.cutover('deploy'));
  mustBeDone(await edge.stand.cutover('deploy'));
  expect((await edge.stand.status()).frontDoor).toMatchObject({ slot: 'green' });
  mustBeDone(await edge.stand.cutover('down', '--yes'));
  mustBeDone(await edge.stand.cutover('setup', '--remove'));
});

test('a set-up that nginx refuses leaves the folder that is mounted, and nothing else', async () => {
  await edge.run(...usual(edge));
  const broken = path.join(edge.sites, 'theirs.conf');
  writeFileSync(broken, 'server { nonsense; }\n');
  const { code, stderr } = await edge.stand.cutover('setup');
  expect(code, stderr).toBe(5);
  expect(stderr).toContain('NGINX_CONFIG_BROKEN');
  expect(readdirSync(edge.stand.state)).toEqual(['traffic']);
  writeFileSync(broken, '');
  mustBeDone(await edge.stand.cutover('setup'));
  mustBeDone(await edge.stand.cutover('setup', '--remove'));
  rmSync(broken);
});
