import { afterAll, beforeAll, expect, test } from 'vitest';
import { startFresh } from '../../lab/new-connections.ts';
import type { Report } from '../../src/doctor/examine.ts';
import { createL4Stand, type L4Stand } from '../support/l4-stand.ts';
import { mustBeDone } from '../support/stand.ts';

let stand: L4Stand;

beforeAll(async () => {
  stand = await createL4Stand({ config: 'drain: 1s\ngrace: 3s\n' });
  for (const _ of ['blue', 'green']) mustBeDone(await stand.cutover('deploy'));
});

afterAll(async () => stand?.stop());

async function verdicts(): Promise<Readonly<Record<string, string>>> {
  const report = JSON.parse((await stand.cutover('doctor', '--json')).stdout) as Report;
  return Object.fromEntries(report.findings.map(({ id, verdict, says }) => [id, `${verdict}: ${says}`]));
}

test('on a healthy server nothing is wrong, and nginx is not spoken of', async () => {
  const found = await verdicts();
  expect(Object.entries(found).filter(([, text]) => text.startsWith('wrong'))).toEqual([]);
  expect(Object.keys(found).filter((id) => id.includes('nginx'))).toEqual([]);
  expect(found['l4-rules']).toMatch(/^fine/);
  expect(found['l4-others']).toMatch(/^fine/);
  expect(found['l4-table']).toMatch(/^fine: \d+ of \d+ connections/);
  const { stdout, code } = await stand.cutover('doctor');
  expect(stdout).toContain('The switch in the kernel');
  expect(code).toBe(0);
});

test('rules that are gone are told with their fix', async () => {
  await stand.server.exec('nft', 'flush', 'ruleset');
  const found = await verdicts();
  expect(found['live-slot']).toMatch(/^wrong: .*nobody/);
  expect(found['front-door']).toMatch(/^wrong: .*its rules are gone/);
  mustBeDone(await stand.cutover('recover', '--trust', 'records'));
  expect((await verdicts())['live-slot']).toMatch(/^fine/);
});

test('an address of others that is translated before ours is named', async () => {
  await stand.server.exec(
    'nft',
    'add table ip theirs ; add chain ip theirs in { type nat hook prerouting priority -110 ; }',
  );
  expect((await verdicts())['l4-others']).toMatch(/^note: ip theirs/);
  await stand.server.exec('nft', 'delete', 'table', 'ip', 'theirs');
});

test('how full the table of connections is, is told', async () => {
  const file = 'net.netfilter.nf_conntrack_max';
  const before = (await stand.server.exec('sysctl', '-n', file)).trim();
  expect((await verdicts())['l4-table']).toContain(`of ${before} connections`);
});

test('an application that listens on 127.0.0.1 alone gets no traffic: it is asked where the public would be led', async () => {
  stand.configure('drain: 1s\ngrace: 3s\nenv: { HOST: 127.0.0.1 }\nhealth: { path: /health, deadline: 2s }\n');
  const client = startFresh({ ...stand.door, at: 4 });
  const { stderr, code } = await stand.cutover('deploy');
  expect((await client.stop()).losses).toEqual([]);
  expect(stderr).toContain('HEALTH_TIMEOUT');
  expect(stderr).toContain(`GET http://${stand.door.host}:8081/health: connection refused`);
  expect(code).toBe(5);
  expect(await stand.status()).toMatchObject({ live: 'green', agreement: true });
});
