import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureProgram } from '../../lab/apt.ts';
import { startLoadProcess } from '../../lab/load-process.ts';
import { createStand, finished, main, mustBeDone, type Finished, type Stand } from '../support/stand.ts';
import { until } from '../support/until.ts';

const config = 'health: { path: /health }\nupstream: { idle: 200ms }';
let stand: Stand;
let faketime: string;

beforeAll(async () => {
  faketime = await ensureProgram('faketime', 'faketime');
  stand = await createStand({ config });
  mustBeDone(await stand.cutover('deploy'));
});

afterAll(async () => stand?.stop());

test('a clock that jumps a month back and a month ahead between commands loses nothing and confuses nobody', async () => {
  const load = await startLoadProcess({ url: stand.url, host: stand.host, connections: 20, rate: 200 });
  mustBeDone(await at('-30d', 'deploy'));
  mustBeDone(await at('+30d', 'deploy'));
  mustBeDone(await at('-1d', 'rollback'));
  expect(await stand.status()).toMatchObject({ agreement: true, deployment: null, live: 'green' });
  const { code } = await at('+1d', 'rollback', '3');
  expect(code).toBe(0);
  const report = await load.stop();
  console.log(`clock jumps: ${report.lost} of ${report.sent} requests lost`);
  expect(report.losses).toEqual([]);
});

test('a lock that was taken in the future is still proven dead or alive by its process', async () => {
  stand.configure(`${config}\nhooks: { before_start: [sleep, '5'] }`);
  const deploying = spawn(faketime, ['-f', '+30d', process.execPath, main, 'deploy', '--config', stand.config]);
  const killed = finished(deploying);
  await until(() => stand.journal().at(-1)?.['kind'] === 'step', 20_000, 'its first step');
  deploying.kill('SIGKILL');
  await killed;
  stand.configure(config);
  mustBeDone(await stand.cutover('recover'));
  expect(await stand.status()).toMatchObject({ agreement: true, deployment: null });
});

function at(offset: string, ...[command = '', ...words]: string[]): Promise<Finished> {
  const argv = ['-f', offset, process.execPath, main, command, '--config', stand.config, ...words];
  return finished(spawn(faketime, argv, { stdio: 'pipe' }));
}
