import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { finding, squatter, until } from '../support/doctor.ts';
import { createStand, mustBeDone, type Stand } from '../support/stand.ts';

describe('with our own site', () => {
  let stand: Stand;
  beforeAll(async () => {
    stand = await createStand({ config: 'health: { path: /health }' });
    mustBeDone(await stand.cutover('deploy'));
  });
  afterAll(async () => stand?.stop());
  const site = () => path.join(stand.nginx.confDir, 'cutover-shop.conf');

  test('a file that somebody broke is named before the next restart fails', async () => {
    const broken = path.join(stand.nginx.confDir, 'other.conf');
    writeFileSync(broken, 'server { listn 80; }\n');
    expect(await finding(stand, 'nginx-test')).toMatchObject({
      verdict: 'wrong',
      says: expect.stringContaining(broken),
    });
    rmSync(broken);
    expect(await finding(stand, 'nginx-test')).toMatchObject({ verdict: 'fine' });
  });

  test('what was changed in cutover.yaml since the set-up is not in force, and is told until it is', async () => {
    const healthy = 'health: { path: /health }';
    expect(await finding(stand, 'set-up-to-date')).toMatchObject({ verdict: 'fine' });
    stand.configure(`${healthy}\nupstream: { server: node, idle: 1s }`);
    expect(await finding(stand, 'set-up-to-date')).toMatchObject({
      verdict: 'warning',
      says: expect.stringContaining(site()),
      fix: expect.stringContaining('sudo cutover setup'),
    });
    mustBeDone(await stand.cutover('setup'));
    expect(await finding(stand, 'set-up-to-date')).toMatchObject({ verdict: 'fine' });
    stand.configure(healthy);
    mustBeDone(await stand.cutover('setup'));
  });

  test('open_file_cache of the whole server does no harm while our block turns it off, and does when it does not', async () => {
    const main = readFileSync(stand.nginx.conf, 'utf8');
    const ours = readFileSync(site(), 'utf8');
    writeFileSync(stand.nginx.conf, main.replace('http {', 'http {\n  open_file_cache max=100;'));
    expect(await finding(stand, 'open-file-cache')).toMatchObject({
      verdict: 'fine',
      says: expect.stringContaining('off in our server block'),
    });
    writeFileSync(site(), ours.replace('open_file_cache off;', ''));
    expect(await finding(stand, 'open-file-cache')).toMatchObject({
      verdict: 'wrong',
      says: expect.stringContaining('late'),
    });
    writeFileSync(stand.nginx.conf, main);
    writeFileSync(site(), ours);
  });

  test('a switch that the workers cannot see is wrong', async () => {
    chmodSync(stand.state, 0o700);
    expect(await finding(stand, 'switch-visible')).toMatchObject({
      verdict: 'wrong',
      fix: expect.stringContaining(`chmod o+x ${stand.state}`),
    });
    chmodSync(stand.state, 0o755);
  });

  test('another server block of the same name is a rival', async () => {
    const rival = path.join(stand.nginx.confDir, 'a-rival.conf');
    writeFileSync(rival, `server { listen 127.0.0.1:${stand.nginx.port}; server_name ${stand.host}; return 200; }\n`);
    expect(await finding(stand, 'include')).toMatchObject({
      verdict: 'wrong',
      says: expect.stringContaining(`${rival}:1`),
    });
    await stand.nginx.reload();
    const answersWrongly = async () => (await finding(stand, 'front-door')).verdict === 'wrong';
    await until(answersWrongly);
    expect((await finding(stand, 'front-door')).says).toContain('but not from our location');
    rmSync(rival);
    await stand.nginx.reload();
    await until(async () => !(await answersWrongly()));
  });

  test('a site that is not loaded any more is wrong', async () => {
    renameSync(site(), `${site()}.off`);
    expect(await finding(stand, 'include')).toMatchObject({
      verdict: 'wrong',
      fix: expect.stringContaining('cutover setup'),
    });
    renameSync(`${site()}.off`, site());
  });

  test('an nginx that does not run is named, and so is who took its port', async () => {
    await stand.nginx.stop();
    expect(await finding(stand, 'nginx-running')).toMatchObject({
      verdict: 'wrong',
      says: expect.stringContaining('does not run'),
    });
    expect(await finding(stand, 'front-door')).toMatchObject({ verdict: 'wrong' });
    const other = await squatter(stand.nginx.port);
    expect((await finding(stand, 'nginx-running')).says).toContain(`(${other.pid})`);
    await other.stop();
  });
});
