import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { springBootJar } from '../../lab/jars.ts';
import { finding, squatter, until } from '../support/doctor.ts';
import { createStand, mustBeDone, type Stand } from '../support/stand.ts';

const healthy = 'health: { path: /health }';
let stand: Stand;

beforeAll(async () => {
  stand = await createStand({ config: healthy });
  mustBeDone(await stand.cutover('deploy'));
});
afterAll(async () => stand?.stop());

test('a health path that is not there is wrong, and one that is there is named', async () => {
  stand.configure('health: { path: /actuator/health }');
  expect(await finding(stand, 'health-path')).toMatchObject({
    verdict: 'wrong',
    says: expect.stringContaining('answered 404'),
    fix: '/health answers 200: `health: { path: /health }`',
  });
  stand.configure(healthy);
});

test('a program that is not on the server is wrong', async () => {
  stand.configure(`${healthy}\nrun: no-such-program server.js`);
  expect(await finding(stand, 'program')).toMatchObject({
    verdict: 'wrong',
    says: expect.stringContaining('no-such-program'),
  });
  stand.configure(healthy);
});

test('a port that `run` names itself would be wanted by both slots', async () => {
  stand.configure(`${healthy}\nrun: java -Dserver.port=8081 -jar app.jar`);
  expect(await finding(stand, 'listens-elsewhere')).toMatchObject({ verdict: 'warning', fix: 'write {port} there' });
  stand.configure(healthy);
});

test('idle connections that outlive the application’s are wrong', async () => {
  stand.configure(`${healthy}\nupstream: { server: node, keepalive: 8, idle: 6s }`);
  expect(await finding(stand, 'upstream-keepalive')).toMatchObject({
    verdict: 'wrong',
    fix: expect.stringContaining('upstream.idle'),
  });
  stand.configure(healthy);
});

test('a foreign process on the port of the idle slot is named with its id', async () => {
  const other = await squatter(stand.ports.green);
  const found = await finding(stand, 'port-owner');
  expect(found).toMatchObject({ verdict: 'wrong', fix: expect.stringContaining(`kill ${other.pid}`) });
  expect(found.says).toContain('node');
  await other.stop();
  expect(await finding(stand, 'port-owner')).toMatchObject({ verdict: 'fine' });
});

test('an application that answers 200 to everything proves little by it', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cutover-catch-all-'));
  writeFileSync(
    path.join(folder, 'server.js'),
    "require('http').createServer((q, s) => s.end('hello')).listen(process.env.PORT, '127.0.0.1');\n",
  );
  stand.configure(healthy, folder);
  mustBeDone(await stand.cutover('deploy'));
  expect(await finding(stand, 'health-strict')).toMatchObject({
    verdict: 'warning',
    fix: expect.stringContaining('body: UP'),
  });
  expect(await finding(stand, 'logs')).toMatchObject({
    verdict: 'warning',
    says: expect.stringContaining('has written nothing'),
  });
  mustBeDone(await stand.cutover('rollback'));
  stand.configure(healthy);
  rmSync(folder, { recursive: true });
});

test('a standby that crashed is no way back, and one that is ill could not take over', async () => {
  mustBeDone(await stand.cutover('deploy'));
  const { slots } = await stand.status();
  process.kill(slots.blue.pid ?? 0, 'SIGSTOP');
  expect(await finding(stand, 'standby')).toMatchObject({
    verdict: 'wrong',
    says: expect.stringContaining('could not take over'),
  });
  process.kill(slots.blue.pid ?? 0, 'SIGCONT');
  process.kill(slots.blue.pid ?? 0, 'SIGKILL');
  await until(async () => (await stand.status()).slots.blue.restarts > 0);
  expect(await finding(stand, 'crashes')).toMatchObject({
    verdict: 'warning',
    says: expect.stringContaining('blue crashed'),
  });
});

test('a live application without a supervisor would stay dead after a crash', async () => {
  const { slots } = await stand.status();
  const supervisor = Number(readFileSync(path.join(stand.state, 'slots/blue/supervisor'), 'utf8').split(' ')[0]);
  process.kill(supervisor, 'SIGKILL');
  expect(await finding(stand, 'crashes')).toMatchObject({
    verdict: 'wrong',
    says: expect.stringContaining('supervisor is gone'),
  });
  process.kill(slots.blue.pid ?? 0, 'SIGKILL');
  await until(async () => (await stand.status()).slots.blue.state === 'failed');
  expect(await finding(stand, 'standby')).toMatchObject({
    verdict: 'wrong',
    fix: expect.stringContaining('cutover up'),
  });
  mustBeDone(await stand.cutover('up'));
  expect(await finding(stand, 'standby')).toMatchObject({ verdict: 'fine' });
});

test('two jars that could both start, and a folder with the plain one only, are wrong', async () => {
  const jars = mkdtempSync(path.join(tmpdir(), 'cutover-jars-'));
  const jar = await springBootJar();
  cpSync(jar, path.join(jars, 'shop-1.jar'));
  cpSync(jar, path.join(jars, 'shop-2.jar'));
  stand.configure(healthy, path.join(jars, '*.jar'));
  const text = readFileSync(stand.config, 'utf8').replace(/^run: .*\n/m, '');
  writeFileSync(stand.config, text);
  expect(await finding(stand, 'artifact')).toMatchObject({
    verdict: 'wrong',
    says: expect.stringContaining('shop-2.jar'),
  });
  rmSync(path.join(jars, 'shop-2.jar'));
  expect(await finding(stand, 'artifact')).toMatchObject({ verdict: 'fine' });
  renameSync(path.join(jars, 'shop-1.jar'), path.join(jars, 'shop-1-plain.jar'));
  expect(await finding(stand, 'artifact')).toMatchObject({
    verdict: 'wrong',
    says: expect.stringContaining('no jar there can be started'),
  });
  rmSync(path.join(jars, 'shop-1-plain.jar'));
  expect(await finding(stand, 'artifact')).toMatchObject({ verdict: 'note' });
  stand.configure(healthy);
  rmSync(jars, { recursive: true });
});

test('a release whose files are gone is no way back', async () => {
  const [, target = ''] = /goes to release (\d+)/.exec((await finding(stand, 'rollback')).says) ?? [];
  const files = path.join(stand.state, 'releases', target, 'artifact');
  renameSync(files, `${files}.off`);
  expect(await finding(stand, 'rollback')).toMatchObject({
    verdict: 'wrong',
    says: expect.stringContaining('is gone'),
  });
  renameSync(`${files}.off`, files);
});
