import { execFileSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { diagnosed, finding, until, wrongIn } from '../support/doctor.ts';
import { createStand, finished, mustBeDone, type Stand } from '../support/stand.ts';

const healthy = 'health: { path: /health }';
let stand: Stand;
let deploying: ChildProcess | undefined;

/** The state lies on a small disk of its own, so that it can be filled. */
beforeAll(async () => {
  stand = await createStand({
    config: healthy,
    beforeSetup: ({ state }) => {
      mkdirSync(state);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100m,mode=755', 'cutover-test', state]);
    },
  });
  mustBeDone(await stand.cutover('deploy'));
});

afterAll(async () => {
  deploying?.kill('SIGKILL');
  await stand?.cutover('down', '--yes');
  execFileSync('umount', ['-l', stand.state]);
  await stand.stop();
});

test('a healthy server has nothing wrong on a disk of its own', async () => {
  expect(wrongIn(await diagnosed(stand))).toEqual([]);
});

test('a full disk is wrong', async () => {
  const ballast = path.join(stand.state, 'ballast');
  writeFileSync(ballast, Buffer.alloc(90 << 20));
  expect(await finding(stand, 'disk')).toMatchObject({
    verdict: 'wrong',
    says: expect.stringContaining('a deploy needs'),
  });
  rmSync(ballast);
});

test('two markers, and none, are told as what they are', async () => {
  const marker = (slot: string) => path.join(stand.state, 'traffic', slot);
  writeFileSync(marker('green'), '');
  expect(await finding(stand, 'live-slot')).toMatchObject({
    verdict: 'wrong',
    says: expect.stringContaining('two files name a live slot'),
  });
  rmSync(marker('green'));
  renameSync(marker('blue'), `${marker('blue')}.off`);
  expect(await finding(stand, 'live-slot')).toMatchObject({
    verdict: 'wrong',
    fix: expect.stringContaining('cutover setup'),
  });
  renameSync(`${marker('blue')}.off`, marker('blue'));
  expect(await finding(stand, 'live-slot')).toMatchObject({ verdict: 'fine' });
});

test('a switch that somebody moved by hand disagrees with the records', async () => {
  const marker = (slot: string) => path.join(stand.state, 'traffic', slot);
  renameSync(marker('blue'), marker('green'));
  expect(await finding(stand, 'live-slot')).toMatchObject({
    verdict: 'wrong',
    says: expect.stringContaining('the records say blue is live'),
  });
  renameSync(marker('green'), marker('blue'));
});

test('memory that does not suffice for a second copy is wrong', async () => {
  stand.configure(`${healthy}\nmemory: { needed: 900g }`);
  expect(await finding(stand, 'memory')).toMatchObject({
    verdict: 'wrong',
    says: expect.stringContaining('the next deploy is refused'),
  });
  stand.configure(healthy);
});

test('a deploy at work is told; killed, it is interrupted and its lock is dead; recovered, both are gone', async () => {
  stand.configure(`${healthy}\nenv: { FAIL: never-listen }`);
  const child = stand.start('deploy');
  deploying = child;
  const ended = finished(child);
  await until(() =>
    stand.journal().some(({ deployment, kind, index }) => deployment === '2' && kind === 'step' && index === 2),
  );
  expect(await finding(stand, 'unfinished')).toMatchObject({
    verdict: 'note',
    says: expect.stringContaining('is running'),
  });
  expect(await finding(stand, 'lock')).toMatchObject({ verdict: 'note', says: expect.stringContaining('deploy by') });
  child.kill('SIGKILL');
  await ended;
  expect(await finding(stand, 'unfinished')).toMatchObject({
    verdict: 'wrong',
    says: expect.stringContaining('at probe'),
  });
  expect(await finding(stand, 'lock')).toMatchObject({
    verdict: 'warning',
    says: expect.stringContaining('its owner is dead'),
  });
  stand.configure(healthy);
  mustBeDone(await stand.cutover('recover'));
  expect(await finding(stand, 'unfinished')).toMatchObject({ verdict: 'fine' });
  expect(await finding(stand, 'lock')).toMatchObject({ verdict: 'fine' });
});

test('a deploy that was put back is remembered with its reason', async () => {
  stand.configure(`${healthy}\nenv: { FAIL: exit }`);
  expect((await stand.cutover('deploy')).code).toBe(5);
  expect(await finding(stand, 'last-deployment')).toMatchObject({
    verdict: 'warning',
    says: expect.stringContaining('ended while it was starting'),
  });
  stand.configure(healthy);
});

test('half a release that a dead copy left is found', async () => {
  mkdirSync(path.join(stand.state, 'releases', '.99.partial'));
  expect(await finding(stand, 'releases')).toMatchObject({
    verdict: 'warning',
    fix: expect.stringContaining('.99.partial'),
  });
  rmSync(path.join(stand.state, 'releases', '.99.partial'), { recursive: true });
});

test('a release that cannot be gone back from says so', async () => {
  mustBeDone(await stand.cutover('deploy', '--not-reversible', 'drops a column'));
  expect(await finding(stand, 'rollback')).toMatchObject({
    verdict: 'warning',
    says: expect.stringContaining('drops a column'),
  });
});

test('a live application that is down is wrong in every line that it touches', async () => {
  mustBeDone(await stand.cutover('down', '--yes'));
  expect(wrongIn(await diagnosed(stand))).toEqual(expect.arrayContaining(['front-door']));
  mustBeDone(await stand.cutover('up'));
  expect(wrongIn(await diagnosed(stand))).toEqual([]);
});
