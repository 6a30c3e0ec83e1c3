import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureProgram } from '../../lab/apt.ts';
import { startLoadProcess } from '../../lab/load-process.ts';
import { createStand, finished, main, mustBeDone, type Finished, type Stand } from '../support/stand.ts';

let stand: Stand;
let faketime: string;

beforeAll(async () => {
  faketime = await ensureProgram('faketime', 'faketime');
  stand = await createStand({ config: 'health: { path: /health }\nupstream: { idle: 200ms }' });
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
  const deploying = spawn(faketime, ['-f', '+30d', process.execPath, main, 'deploy', '--config', stand.config]);
  await new Promise((next) => setTimeout(next, 400));
  deploying.kill('SIGKILL');
  await finished(deploying);
  mustBeDone(await stand.cutover('recover'));
  expect(await stand.status()).toMatchObject({ agreement: true, deployment: null });
});

function at(offset: string, ...[command = '', ...words]: string[]): Promise<Finished> {
  const argv = ['-f', offset, process.execPath, main, command, '--config', stand.config, ...words];
  return finished(spawn(faketime, argv, { stdio: 'pipe' }));
}
