import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFresh } from '../../lab/new-connections.ts';
import { address6, createL4Stand, type L4Stand } from '../support/l4-stand.ts';
import { finished, mustBeDone } from '../support/stand.ts';
import { until } from '../support/until.ts';

let stand: L4Stand;

beforeAll(async () => {
  stand = await createL4Stand({ config: 'drain: 2s\ngrace: 3s\n' });
});

afterAll(async () => stand?.stop());

test('deploys, rolls back, and loses no request of clients with new connections, over IPv4 and IPv6', async () => {
  mustBeDone(await stand.cutover('deploy'));
  const clients = [stand.door, { host: address6, port: 80 }].map((door) => startFresh({ ...door, at: 10 }));
  for (const words of [['deploy'], ['rollback'], ['deploy'], ['deploy']]) mustBeDone(await stand.cutover(...words));
  const reports = await Promise.all(clients.map((client) => client.stop()));
  for (const { sent, lost, losses, byRelease } of reports) {
    console.log(
      `deploys and a rollback through the kernel: ${lost} of ${sent} requests lost; ${JSON.stringify(byRelease)}`,
    );
    expect(losses).toEqual([]);
    expect(Object.keys(byRelease).toSorted()).toEqual(['1', '2', '3', '4']);
  }
});

test('the application sees the address of its client', async () => {
  const answer = await fetch(`http://${stand.door.host}/version`);
  expect(answer.status).toBe(200);
  expect(await stand.server.exec('conntrack', '-L', '-p', 'tcp', '--orig-port-dst', '80')).toMatch(
    /src=10\.9\.1\.2 dst=10\.9\.1\.1 .* src=10\.9\.1\.1 dst=10\.9\.1\.2 sport=808[12]/,
  );
});

test('a release that does not become healthy changes nothing', async () => {
  const before = await stand.status();
  stand.configure('drain: 2s\ngrace: 3s\nhealth: { path: /nowhere, deadline: 2s }\n');
  const client = startFresh({ ...stand.door, at: 10 });
  const { code, stderr } = await stand.cutover('deploy');
  expect(stderr).toContain('HEALTH_TIMEOUT');
  expect(code, stderr).toBe(5);
  const { sent, lost, losses } = await client.stop();
  console.log(`failed deploy through the kernel: ${lost} of ${sent} requests lost`);
  expect(losses).toEqual([]);
  stand.configure('drain: 2s\ngrace: 3s\n');
  expect(await stand.status()).toMatchObject({ live: before.live, agreement: true, deployment: null });
});

test('a release gets its share of new connections in stages, and is taken back by a person', async () => {
  const staged = 'drain: 2s\ngrace: 3s\nshift: { stages: [25, 50, 100], for: 1s }\nwatch: { for: 1s, requests: 0 }\n';
  stand.configure(staged);
  const client = startFresh({ ...stand.door, at: 10 });
  const { stderr, code } = await stand.cutover('deploy');
  expect(code, stderr).toBe(0);
  expect(stderr).toMatch(/75 % on (blue|green), 25 % on (blue|green)[\s\S]*50 % on blue, 50 % on green/);
  const { live } = await stand.status();
  stand.configure(`${staged.replace('50, 100', '{ percent: 50, hold: true }, 100')}`);
  const ended = finished(stand.start('deploy'));
  await until(async () => (await stand.status()).split[live ?? 'blue'] === 50, 30_000, 'the stage that holds');
  mustBeDone(await stand.cutover('abort'));
  expect((await ended).code).toBe(5);
  expect(await stand.status()).toMatchObject({ live, agreement: true, deployment: null });
  const { sent, lost, losses } = await client.stop();
  console.log(`stages and an abort through the kernel: ${lost} of ${sent} requests lost`);
  expect(losses).toEqual([]);
  stand.configure('drain: 2s\ngrace: 3s\n');
});
