import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { Load } from '../../lab/strict-client.ts';
import { createStand, finished, mustBeDone, type Stand } from '../support/stand.ts';
import { until } from '../support/until.ts';

const quick = 'health: { path: /health }\nupstream: { idle: 200ms }\n';
let stand: Stand;
let load: Load;
let filler: string;

/** The state directory on a small disk of its own. */
beforeAll(async () => {
  stand = await createStand({
    config: quick,
    beforeSetup: ({ state }) => {
      mkdirSync(state);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m,mode=755', 'cutover-test', state]);
    },
  });
  filler = path.join(stand.state, 'filler');
  mustBeDone(await stand.cutover('deploy'));
  mustBeDone(await stand.cutover('deploy'));
  load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 20, rate: 200 });
});

afterAll(async () => {
  rmSync(filler, { force: true });
  await stand.cutover('down', '--yes');
  execFileSync('umount', ['-l', stand.state]);
  await stand.stop();
});

test('a disk that is full is noticed before anything is touched', async () => {
  fill();
  const { code, stderr } = await stand.cutover('deploy');
  expect(stderr).toMatch(/STATE_NOT_WRITABLE|NO_DISK/);
  expect(code).toBe(5);
  rmSync(filler);
  await isUntouched();
});

test('a disk with too little room for another release is told as such', async () => {
  execFileSync('fallocate', ['-l', '30m', filler]);
  const { code, stderr } = await stand.cutover('deploy');
  expect(stderr).toContain('NO_DISK');
  expect(code).toBe(5);
  rmSync(filler);
  await isUntouched();
});

test('a disk that fills up in the middle takes the deploy back, and the next command knows', async () => {
  stand.configure(
    `${quick}hooks: { before_start: { run: "fallocate -l 60m ${filler} || head -c 60m /dev/zero > ${filler}; true", shell: true } }`,
  );
  const { code, stderr } = await stand.cutover('deploy');
  expect(stderr).toMatch(/ENOSPC|no space/i);
  expect([5, 6]).toContain(code);
  expect(await stand.status()).toMatchObject({ live: 'green', slots: { green: { state: 'live', release: '2' } } });
  rmSync(filler);
  stand.configure(quick);
  mustBeDone(await stand.cutover('recover'));
  await isUntouched();
});

test('a read-only state directory refuses a deploy and still tells the status', async () => {
  execFileSync('mount', ['--bind', stand.state, stand.state]);
  execFileSync('mount', ['-o', 'remount,ro,bind', stand.state]);
  const { code, stderr } = await stand.cutover('deploy');
  expect(stderr).toContain('STATE_NOT_WRITABLE');
  expect(code).toBe(5);
  await isUntouched();
  execFileSync('umount', [stand.state]);
  mustBeDone(await stand.cutover('deploy'));
});

test('a state directory that others may write to, or that is a link, is refused', async () => {
  execFileSync('chmod', ['777', stand.state]);
  expect(await stand.cutover('status')).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('STATE_OPEN') as string,
  });
  execFileSync('chmod', ['755', stand.state]);
});

test('through all of it no request was lost', async () => {
  const report = await load.stop();
  console.log(`full and read-only disk: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
});

function fill(): void {
  writeFileSync(filler, '');
  try {
    execFileSync('sh', ['-c', 'cat /dev/zero > "$1"', 'fill', filler], { stdio: 'ignore' });
  } catch {
    // That is the point: no space is left.
  }
}

async function isUntouched(): Promise<void> {
  const status = await stand.status();
  expect(status).toMatchObject({ live: 'green', agreement: true, deployment: null });
  expect(status.slots.green).toMatchObject({ state: 'live', release: '2' });
}

test('a log on a full disk is noticed in the middle of a watch, and `watch.quiet` decides', async () => {
  const shop = (time: string) => `health: { path: /health }\nshift: { stages: [50, 100], for: ${time} }\n`;
  const small = await createStand({
    config: `${shop('1s')}watch: { for: 0s, requests: 0 }\n`,
    beforeSetup: ({ state }) => {
      mkdirSync(path.join(state, 'access'), { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=755', 'cutover-test', path.join(state, 'access')]);
    },
  });
  const folder = path.join(small.state, 'access');
  try {
    mustBeDone(await small.cutover('deploy'));
    mustBeDone(await small.cutover('deploy'));
    const { live } = await small.status();
    const client = await startLoadProcess({ url: small.url, host: small.host, connections: 10, rate: 50 });
    small.configure(`${shop('3s')}watch: { for: 9s, settle: 0s, requests: 20, quiet: fail }\n`);
    const end = finished(small.start('deploy'));
    await until(async () => (await small.status()).split[live ?? 'blue'] === 0, 30_000, 'all traffic');
    expect(() => writeFileSync(path.join(folder, 'filler'), Buffer.alloc(2_000_000))).toThrow('ENOSPC');
    const { code, stderr } = await end;
    expect(stderr).toContain('log is not written any more');
    expect(stderr).toContain('TOO_QUIET');
    expect(code).toBe(5);
    expect(await small.status()).toMatchObject({ live, agreement: true, deployment: null });
    const report = await client.stop();
    console.log(`a log on a full disk: ${report.lost} of ${report.sent} requests lost`);
    expect(report.losses).toEqual([]);
  } finally {
    await small.cutover('down', '--yes');
    execFileSync('umount', ['-l', folder]);
    await small.stop();
  }
});
