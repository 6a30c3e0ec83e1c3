import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../support/fleet-client.ts';
import { eventsOf, outcomesOf, wordsOf } from '../support/fleet-told.ts';
import { broken, hooks, startFleet, touch, type Stand } from '../support/fleet-stand.ts';

const names = ['shop1', 'shop2', 'shop3', 'shop4', 'shop5'];
const rollout = 'rollout: { watch: 1s }';
const journal = '/var/lib/cutover/shop/journal.jsonl';
let stand: Stand;
let client: Client;

/** The fifth server is there, and nobody has thought of it yet. */
beforeAll(async () => {
  stand = await startFleet(names);
  client = stand.client;
  client.configure(`servers: [${names.slice(0, 4).join(', ')}]\n${rollout}`);
  await client.done('setup');
  await client.done('deploy');
  client.change('1.1.0');
  await client.done('deploy');
});

afterAll(async () => stand?.stop());

test('a server that is added later catches up under the same number, and the others are left alone', async () => {
  client.configure(`servers: [${names.join(', ')}]\n${rollout}`);
  const set = await client.done('setup');
  expect(set.stdout.match(/nothing was changed/g)).toHaveLength(4);
  const journals = await stand.say('sha256sum', journal);
  const caught = await client.done('deploy', '--catch-up', '--json');
  expect(wordsOf(caught).toSorted()).toEqual(
    names.map((name) => `${name} ${name === 'shop5' ? 'done' : 'untouched'} 2`),
  );
  const { shop5, ...others } = await stand.say('sha256sum', journal);
  expect(shop5).not.toBe(journals['shop5']);
  expect({ ...others, shop5: journals['shop5'] }).toEqual(journals);
  const { servers, differences } = await client.status();
  expect(differences).toEqual([]);
  expect(servers.map(({ status }) => status?.live && status.slots[status.live].release)).toEqual(names.map(() => '2'));
  expect(wordsOf(await client.done('deploy', '--catch-up', '--json'))).toEqual(
    names.map((name) => `${name} untouched 2`),
  );
});

test('--only and --skip choose servers, and the status names those that differ', async () => {
  client.change('1.2.0');
  const load = await stand.load();
  expect(wordsOf(await client.done('deploy', '--skip', 'shop1,shop5', '--json'))).toEqual([
    'shop2 done 3',
    'shop3 done 3',
    'shop4 done 3',
  ]);
  await load.nothingLost('a deploy to three of five');
  expect(await stand.versions()).toMatchObject({ shop1: '1.1.0', shop2: '1.2.0', shop4: '1.2.0', shop5: '1.1.0' });
  const { differences } = await client.status();
  expect(differences).toEqual([
    expect.stringMatching(/^releases: shop2, shop3, shop4 3 \(\w{12}\); shop1, shop5 2 \(\w{12}\)$/),
  ]);
  const { stdout } = await client.done('status');
  expect(stdout).toContain(`differ      ${differences[0]}`);
  await client.done('rollback', '--only', 'shop4');
  expect(await stand.versions()).toMatchObject({ shop3: '1.2.0', shop4: '1.1.0' });
  expect(await client.cutover('deploy', '--only', 'shop6')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/there is no server or role shop6[\s\S]*shop1, shop2, shop3, shop4, shop5/),
  });
  const caught = await client.done('deploy', '--catch-up', '--json');
  expect(outcomesOf(caught)).toMatchObject({ shop2: { outcome: 'untouched' }, shop4: { outcome: 'done' } });
  expect(new Set(Object.values(await stand.versions()))).toEqual(new Set(['1.2.0']));
});

test('a server that hangs keeps no other from being shown', async () => {
  const { cut, mend } = stand.get('shop3');
  await cut();
  const running = client.start('status');
  const shown = new Map<string, number>();
  const look = setInterval(() => {
    for (const [name = ''] of running.output().stdout.matchAll(/^shop\d/gm))
      if (!shown.has(name)) shown.set(name, performance.now());
  }, 20);
  const { code, stdout } = await running.done;
  clearInterval(look);
  await mend();
  expect(code).toBe(0);
  expect(stdout).toMatch(/^shop3 .*no answer for 5 s$/m);
  expect(stdout).toMatch(/^no answer {3}shop3$/m);
  const at = (name: string) => shown.get(name) ?? Infinity;
  const others = names.filter((name) => name !== 'shop3').map(at);
  expect(at('shop3') - Math.max(...others)).toBeGreaterThan(500);
  const { servers } = await client.status();
  expect(servers.map(({ failure }) => failure)).toEqual(names.map(() => null));
});

test('the hooks of the rollout run where the client is, around the turn of each server', async () => {
  const log = (name: string) => `  ${name}: { run: 'echo "$CUTOVER_HOOK" {server} {release} >> turns', shell: true }`;
  client.configure(
    `servers: [${names.join(', ')}]\n${hooks}\nrollout:\n  watch: 1s\n  waves: [one, one, one]\n${log('before_server')}\n${log('after_server')}`,
  );
  const mend = await touch(stand.get('shop3'), broken);
  const failed = await client.cutover('deploy', '--json');
  await mend();
  expect(failed.code).toBe(5);
  const [, release] =
    /"release":"(\d+)"/.exec(JSON.stringify(eventsOf(failed).find(({ type }) => type === 'begin'))) ?? [];
  const turns = readFileSync(path.join(client.folder, 'turns'), 'utf8').trim().split('\n');
  expect(turns).toEqual(
    ['shop1', 'shop2', 'shop3'].flatMap((name) => [
      `before_server ${name} ${release}`,
      `after_server ${name} ${release}`,
    ]),
  );
});

test('a turn does not begin when the hook before it fails', async () => {
  client.configure(
    `servers: [${names.join(', ')}]\nrollout: { watch: 1s, before_server: { run: 'test {server} != shop2', shell: true } }`,
  );
  const before = await stand.say('sha256sum', journal);
  const load = await stand.load();
  const failed = await client.cutover('deploy', '--json');
  await load.nothingLost('a hook of the rollout that fails');
  expect(failed.code).toBe(5);
  expect(outcomesOf(failed)).toMatchObject({
    shop1: { outcome: 'back' },
    shop2: {
      outcome: 'failed',
      failure: { code: 'HOOK_FAILED', what: 'the hook rollout.before_server failed for shop2' },
    },
    shop5: { outcome: 'back' },
  });
  expect((await stand.say('sha256sum', journal))['shop2']).toBe(before['shop2']);
});

test('a worker has no front door: the new one is proven and live before the old one is stopped', async () => {
  client.configure(`app: jobs
domain: jobs.example.com
slots: { blue: 9081, green: 9082 }
roles:
  web: [shop1, shop2]
  worker:
    servers: [shop3]
    hooks: { activate: { run: 'curl -sf http://127.0.0.1:{port}/version >> /var/tmp/activated', shell: true } }
${rollout}`);
  await client.done('setup');
  await client.done('deploy');
  client.change('2.0.0');
  const deployed = await client.done('deploy', '--json');
  expect(wordsOf(deployed)).toEqual(['shop1', 'shop2', 'shop3'].map((name) => `${name} done 2`));
  const stepsOn = (name: string) =>
    eventsOf(deployed).flatMap(({ type, server, step }) =>
      type === 'done' && server === name ? (step as { do: string; hook?: string }) : [],
    );
  expect(stepsOn('shop3').map((step) => step.hook ?? step.do)).toEqual([
    'stage',
    'start',
    'probe',
    'shift',
    'confirm',
    'activate',
    'drain',
    'stop',
    'prune',
  ]);
  expect(stepsOn('shop2').map((step) => step.do)).toEqual(['stage', 'start', 'probe', 'shift', 'confirm', 'prune']);
  const { shop3 } = await stand.say('cat', '/var/tmp/activated');
  expect([...(shop3 ?? '').matchAll(/"release":"(\d)","slot":"(\w+)"/g)].map((each) => each.slice(1))).toEqual([
    ['1', 'blue'],
    ['2', 'green'],
  ]);
  const sites = await stand.say('ls', '/etc/nginx/sites-enabled');
  expect(sites['shop1']).toContain('cutover-jobs.conf');
  expect(sites['shop3']).not.toContain('jobs');
  const { servers, differences } = await client.status();
  expect(servers.map(({ role, status }) => [role, status?.slots.blue.state])).toEqual([
    ['web', 'standby'],
    ['web', 'standby'],
    ['worker', 'stopped'],
  ]);
  expect(differences).toEqual([]);
  const back = await client.done('rollback', '--only', 'worker');
  expect(back.stderr).toContain('release 1 on port 9081');
  expect((await client.status()).servers.map(({ status }) => status?.live)).toEqual(['green', 'green', 'blue']);
});
