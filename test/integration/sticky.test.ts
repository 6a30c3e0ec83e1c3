import { execFileSync } from 'node:child_process';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { localHost } from '../../src/drivers/host/local.ts';
import { splitLink } from '../../src/drivers/router/split-link.ts';
import { clientOf, type Client } from '../support/client.ts';
import { createStand, mustBeDone, type Stand } from '../support/stand.ts';
import { until } from '../support/until.ts';

const secret = 'a-secret-of-previews-1234';
const percents = [1, 5, 25, 50, 99, 100];

const settings = (sticky: string) => `health: { path: /health }
shift: { stages: [1, 100], for: 0s, sticky: ${sticky} }
preview: { secret_file: .preview }
watch: { for: 0s, requests: 0 }`;

describe.each(['debian', 'current'] as const)('shared traffic of nginx (%s)', (nginx) => {
  let stand: Stand;
  let client: Client;
  const green = (percent: number) => splitLink(localHost(), stand.state).write({ blue: 100 - percent, green: percent });

  beforeAll(async () => {
    stand = await createStand({
      nginx,
      config: settings('cookie'),
      beforeSetup: ({ config }) =>
        writeFileSync(path.join(path.dirname(config), '.preview'), `${secret}\n`, { mode: 0o600 }),
    });
    for (let times = 0; times < 3; times += 1) mustBeDone(await stand.cutover('deploy'));
    if ((await stand.status()).live !== 'blue') throw new Error('three deploys end in blue');
    client = clientOf(stand);
  });

  afterAll(async () => {
    client?.close();
    await stand?.stop();
  });

  async function sameAnswers(clients: number, headersOf: (client: number) => Record<string, string>): Promise<void> {
    const onGreen = new Set<number>();
    for (const percent of percents) {
      await green(percent);
      for (let times = 0; times < 3; times += 1) {
        const answers = await Promise.all(
          Array.from({ length: clients }, (_, at) => client.get('/version', headersOf(at))),
        );
        for (const [at, { slot }] of answers.entries()) {
          if (onGreen.has(at) || times > 0) expect(slot).toBe(onGreen.has(at) ? 'green' : 'blue');
          else if (slot === 'green') onGreen.add(at);
        }
      }
      // Five times the standard deviation of 300, as who is in which bucket is drawn anew with each salt.
      expect(Math.abs(onGreen.size / clients - percent / 100)).toBeLessThan(0.15);
    }
    await green(0);
  }

  test('a client with our cookie goes to the new release once, and stays there', async () => {
    await green(1);
    const cookies = await Promise.all(Array.from({ length: 300 }, async () => (await client.get('/version')).cookie));
    expect(new Set(cookies).size).toBe(300);
    for (const cookie of cookies) expect(cookie).toMatch(/^cutover_shop=[0-9a-f]{32}$/);
    await sameAnswers(300, (at) => ({ cookie: cookies[at] ?? '' }));
  });

  test('the cookie is only given while traffic is shared, and only to those who have none', async () => {
    await green(0);
    expect((await client.get('/version')).cookie).toBeUndefined();
    await green(50);
    const { cookie = '' } = await client.get('/version');
    expect((await client.get('/version', { cookie })).cookie).toBeUndefined();
    // What we never gave is no client's, so nobody can choose where to go.
    expect((await client.get('/version', { cookie: 'cutover_shop=1' })).cookie).toMatch(/^cutover_shop=[0-9a-f]{32}$/);
    await green(100);
    expect((await client.get('/version')).cookie).toBeUndefined();
    await green(0);
  });

  test('the shares are what they should be', { timeout: 120_000 }, async () => {
    const [requests, room] = nginx === 'debian' ? [100_000, 0.005] : [10_000, 0.02];
    await green(25);
    let [sent, onGreen] = [0, 0];
    const worker = async () => {
      while (sent < requests) {
        sent += 1;
        if ((await client.get('/version')).slot === 'green') onGreen += 1;
      }
    };
    await Promise.all(Array.from({ length: 20 }, worker));
    console.log(`25 %: ${((onGreen / sent) * 100).toFixed(2)} % of ${sent} requests`);
    expect(Math.abs(onGreen / sent - 0.25)).toBeLessThan(room);
    await green(0);
  });

  test('whoever knows the secret reaches the idle slot, and nobody else', async () => {
    const preview = { 'x-cutover-preview': secret };
    const slotOf = async (headers: Record<string, string>) => (await client.get('/version', headers)).slot;
    await green(0);
    expect(await slotOf(preview)).toBe('green');
    expect(await slotOf({ cookie: `cutover_preview=${secret}` })).toBe('green');
    expect(await slotOf({ 'x-cutover-preview': `${secret}x` })).toBe('blue');
    expect(await slotOf({ 'x-cutover-preview': 'preview' })).toBe('blue');
    await green(5);
    expect(await slotOf(preview)).toBe('green');
    await green(100);
    expect(await slotOf(preview)).toBe('blue');
    await green(0);
    const site = path.join(stand.nginx.confDir, 'cutover-shop.conf');
    expect(readFileSync(site, 'utf8')).toContain(secret);
    expect(statSync(site).mode & 0o777).toBe(0o600);
  });

  const workers = () => execFileSync('pgrep', ['-P', readFileSync(stand.nginx.pid, 'utf8').trim()]).toString();

  /** The workers of before answer for a moment after the reload. */
  async function reconfigured(text: string): Promise<void> {
    const before = workers().split('\n');
    stand.configure(text);
    mustBeDone(await stand.cutover('setup'));
    await until(
      async () =>
        !workers()
          .split('\n')
          .filter(Boolean)
          .some((pid) => before.includes(pid)),
    );
    // Kept connections are closed by a reload, which a set-up is; what follows is about the new site.
    client.close();
  }

  test('no percentage needs a reload', async () => {
    const before = workers();
    for (const percent of [...percents, 0]) await green(percent);
    expect(workers()).toBe(before);
  });

  test('a header or the address tells clients apart just as well', async () => {
    await reconfigured(settings('{ header: X-Customer }'));
    await sameAnswers(300, (at) => ({ 'x-customer': `customer-${at}` }));
    await reconfigured(settings('address'));
    await green(50);
    const slots = await Promise.all(Array.from({ length: 50 }, async () => (await client.get('/version')).slot));
    expect(new Set(slots).size).toBe(1);
    await green(0);
  });

  test('a share that the site was not set up for is refused before anything is touched', async () => {
    const refused = async (text: string) => {
      stand.configure(text);
      const { live } = await stand.status();
      const { code, stderr } = await stand.cutover('deploy');
      expect(stderr).toContain('SHARING_OUTDATED');
      expect(code).toBe(3);
      expect(await stand.status()).toMatchObject({ live, agreement: true, deployment: null });
    };
    await reconfigured(settings('cookie'));
    await refused(settings('cookie').replace(/preview.*\n/, ''));
    await refused(settings('none'));
    for (let times = 0; times < 2; times += 1) mustBeDone(await stand.cutover('rollback'));
    // Such a site would lead everybody to the new release at 1 %.
    await reconfigured(settings('cookie').replace(/shift.*\n/, ''));
    await refused(settings('cookie'));
    await reconfigured(settings('cookie'));
    for (let times = 0; times < 2; times += 1) mustBeDone(await stand.cutover('deploy'));
  });

  test('without shares again the site follows the marker, to the same slot', async () => {
    await green(100);
    await reconfigured('health: { path: /health }');
    expect((await client.get('/version')).slot).toBe('green');
    await green(0);
    expect((await client.get('/version')).slot).toBe('blue');
    await reconfigured(settings('cookie'));
    expect((await client.get('/version')).slot).toBe('blue');
  });
});
