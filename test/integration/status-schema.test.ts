import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { statusSchema } from '../../src/core/status-schema.ts';
import { until } from '../support/doctor.ts';
import { createStand, finished, mustBeDone, type Stand } from '../support/stand.ts';

const healthy = 'health: { path: /health }';
let stand: Stand;

beforeAll(async () => {
  stand = await createStand({ config: healthy });
});
afterAll(async () => stand?.stop());

/** What `status --json` prints now, held against its schema. */
async function status() {
  return statusSchema.parse(await stand.status());
}

test('before the first deploy', async () => {
  expect(await status()).toMatchObject({ live: null, liveSince: null, deployment: null, releases: [] });
});

test('with a live release, and then with a standby', async () => {
  mustBeDone(await stand.cutover('deploy', '-m', 'the first'));
  expect(await status()).toMatchObject({ live: 'blue', agreement: true, liveSince: { message: 'the first' } });
  mustBeDone(await stand.cutover('deploy'));
  expect(await status()).toMatchObject({ slots: { blue: { state: 'standby' }, green: { state: 'live' } } });
});

test('while a deployment runs, and when it was interrupted', async () => {
  stand.configure(`${healthy}\nenv: { FAIL: never-listen }`);
  const child = stand.start('deploy');
  const ended = finished(child);
  await until(() =>
    stand.journal().some((entry) => entry['deployment'] === '3' && entry['kind'] === 'step' && entry['index'] === 4),
  );
  expect(await status()).toMatchObject({ deployment: { id: '3', running: true, step: 'probe' } });
  child.kill('SIGKILL');
  await ended;
  expect(await status()).toMatchObject({ deployment: { running: false }, next: expect.stringContaining('recover') });
  stand.configure(healthy);
  mustBeDone(await stand.cutover('recover'));
  expect(await status()).toMatchObject({ deployment: null });
});

test('when the witnesses disagree', async () => {
  const marker = (slot: string) => path.join(stand.state, 'traffic', slot);
  rmSync(marker('green'));
  writeFileSync(marker('blue'), '');
  expect(await status()).toMatchObject({ agreement: { records: 'green', router: 'blue' } });
  rmSync(marker('blue'));
  writeFileSync(marker('green'), '');
});

test('with a release that does not run, and with nginx gone', async () => {
  mustBeDone(await stand.cutover('down', '--yes'));
  expect(await status()).toMatchObject({ slots: { green: { state: 'stopped' } } });
  mustBeDone(await stand.cutover('up'));
  const { slots } = await status();
  await stand.nginx.stop();
  const [supervisor] = readFileSync(path.join(stand.state, 'slots/green/supervisor'), 'utf8').split(' ');
  for (const pid of [Number(supervisor), slots.green.pid ?? 0]) process.kill(pid, 'SIGKILL');
  await until(async () => (await status()).slots.green.state === 'failed');
  expect(await status()).toMatchObject({ frontDoor: { slot: null, status: null } });
});
