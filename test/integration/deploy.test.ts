import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { Load } from '../../lab/strict-client.ts';
import { createStand, mustBeDone, type Stand } from '../support/stand.ts';

let stand: Stand;
let load: Load;

beforeAll(async () => {
  stand = await createStand({ config: 'health: { path: /health }' });
  mustBeDone(await stand.cutover('deploy', '-m', 'first'));
  load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 40, rate: 300 });
});

afterAll(async () => stand?.stop());

test('a first deploy is live in blue and says so', async () => {
  const status = await stand.status();
  expect(status).toMatchObject({
    app: 'shop',
    live: 'blue',
    split: { blue: 100, green: 0 },
    agreement: true,
    deployment: null,
  });
  expect(status.slots.blue).toMatchObject({ state: 'live', release: '1', restarts: 0 });
  expect(status.slots.green).toMatchObject({ state: 'stopped', release: null });
});

test('deploys and rollbacks under load move the traffic and lose nothing', async () => {
  for (let round = 0; round < 3; round++) {
    mustBeDone(await stand.cutover('deploy'));
    load.fireIdleNow();
    mustBeDone(await stand.cutover('rollback'));
    load.fireIdleNow();
  }
  const report = await load.stop();
  console.log(`deploys and rollbacks: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
  expect(Object.keys(report.byRelease).length).toBeGreaterThan(2);
  expect(report.sent).toBeGreaterThan(1000);
});
