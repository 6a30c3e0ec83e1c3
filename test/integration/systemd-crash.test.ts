import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLoadProcess } from '../../lab/load-process.ts';
import type { LoadReport, Loss } from '../../lab/strict-client.ts';
import type { Slot } from '../../src/core/slot.ts';
import { startServer, until, type Server } from '../support/systemd-stand.ts';

const config = 'health: { path: /health }\nupstream: { idle: 200ms }';
let node: Server;

beforeAll(async () => {
  node = await startServer({ name: 'crash', config });
  await node.done('setup');
  await node.done('deploy');
  await node.done('deploy');
});

afterAll(async () => node?.machine.stop());

test('when the live application is killed, the standby answers and systemd starts it again', async () => {
  const load = await startLoadProcess({ url: node.url, host: node.host, connections: 40, rate: 500 });
  const kills = 3;
  for (let round = 1; round <= kills; round++) {
    await answered(load, round * 500);
    const { live, slots } = await node.status();
    load.mark(`kill ${round}`);
    await node.machine.exec(['kill', '-9', String(slots[live ?? 'blue'].pid)]);
    await until('it runs again', async () => (await node.status()).slots[live ?? 'blue'].restarts === round);
    await until('the live slot answers again', async () => (await node.ask()).slot === live);
  }
  const report = await load.stop();
  console.log(
    `live application killed ${kills} times: ${report.lost} of ${report.sent} requests lost, each a POST in flight`,
  );
  expect(report.losses.filter(({ method }) => method !== 'POST')).toEqual([]);
  expect(Math.max(0, ...report.losses.map((loss) => awayFromKill(report, loss)))).toBeLessThan(500);
  const { slots, live } = await node.status();
  expect(report.bySlot[live === 'blue' ? 'green' : 'blue']).toBeGreaterThan(0);
  expect(slots[live ?? 'blue']).toMatchObject({
    state: 'live',
    restarts: kills,
    detail: expect.stringContaining('again'),
  });
});

test('a loop of crashes is shown as failed with its reason, the public is served, and a rollback ends it', async () => {
  const { live, slots } = await node.status();
  const slot: Slot = live ?? 'blue';
  await node.say('sh', '-c', `echo 'process.exit(3)' > ${node.state}/slots/${slot}/release/artifact/server.js`);
  await node.machine.exec(['kill', '-9', String(slots[slot].pid)]);
  const failed = await until('two more crashes', async () => {
    const seen = (await node.status()).slots[slot];
    return seen.restarts > 4 && seen.detail?.includes('exit code') && seen;
  });
  expect(failed).toMatchObject({ state: 'failed', detail: 'ended with exit code 3; it is started again' });
  // Between two crashes it runs for a moment.
  expect((await node.done('status')).stdout).toMatch(/failed.*exit code 3|started again/);
  expect(await node.ask()).toMatchObject({ status: 200, slot: slot === 'blue' ? 'green' : 'blue' });
  await node.done('rollback');
  expect(await node.status()).toMatchObject({ live: slot === 'blue' ? 'green' : 'blue', agreement: true });
  await node.done('deploy');
  expect((await node.status()).slots[slot]).toMatchObject({ state: 'live', restarts: 0, detail: null });
});

test('a release that exits at its start is told at once, with its last words, and does not come back', async () => {
  const { live, slots } = await node.status();
  await node.configure(`${config}\nenv: { FAIL: exit }`);
  const began = Date.now();
  const failed = await node.cutover(['deploy']);
  expect(Date.now() - began).toBeLessThan(30_000);
  expect(failed).toMatchObject({ code: 5, stderr: expect.stringMatching(/exit code 3[\s\S]*password is wrong/) });
  const status = await node.status();
  expect(status).toMatchObject({ live, agreement: true, deployment: null });
  expect(status.slots[live ?? 'blue']).toMatchObject({ pid: slots[live ?? 'blue'].pid });
  expect(status.slots[live === 'blue' ? 'green' : 'blue'].state).toBe('stopped');
  expect(await node.say('systemctl', 'list-units', '--failed', '--no-legend')).toBe('');
});

test('after a power failure the way back waits for the old release to be healthy again, so nobody meets a closed door', async () => {
  const slow = `${config}\nenv: { FAIL: "slow-start:2" }`;
  const hook = "hooks:\n  after_switch: { run: 'while [ -e /srv/shop/hold ]; do sleep 0.05; done', shell: true }";
  await node.configure(`${slow}\n${hook}`);
  await node.done('deploy');
  const { live } = await node.status();
  await node.say('touch', '/srv/shop/hold');
  await node.start('deploy');
  await until('the hook after the switch', async () => (await node.status()).deployment?.step === 'hook');
  await node.machine.powerFail();
  await node.say('rm', '/srv/shop/hold');
  const recovered = node.done('recover');
  await until('somebody answers', async () => (await node.ask()).status === 200);
  const load = await startLoadProcess({ url: node.url, host: node.host, connections: 20, rate: 200 });
  await recovered;
  await answered(load, 300);
  const report = await load.stop();
  console.log(`recovery after a power failure: ${report.lost} of ${report.sent} requests lost since the first answer`);
  expect(report.losses).toEqual([]);
  expect(await node.status()).toMatchObject({ live, agreement: true, deployment: null });
});

async function answered(load: Awaited<ReturnType<typeof startLoadProcess>>, count: number): Promise<void> {
  await until(`${count} answers`, async () => (await load.counts()).answered >= count);
}

/** Milliseconds between the sending of a lost request and the nearest kill. */
function awayFromKill({ segments }: LoadReport, loss: Loss): number {
  const sent = (segments.find(({ label }) => label === loss.mark)?.at ?? 0) + loss.at;
  const kills = segments.filter(({ label }) => label.startsWith('kill')).map(({ at }) => at);
  return Math.min(...kills.map((kill) => Math.abs(sent - kill)));
}
