import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFresh } from '../../lab/new-connections.ts';
import { address6, createL4Stand, type L4Stand } from '../support/l4-stand.ts';
import { mustBeDone } from '../support/stand.ts';

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
