import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finished } from '../../lab/machine-run.ts';
import { eventsOf, failureOf, outcomesOf, wordsOf, type Told } from '../support/fleet-told.ts';
import { broken, hooks, startFleet, touch, type Stand } from '../support/fleet-stand.ts';

const names = ['shop1', 'shop2', 'shop3', 'shop4', 'shop5'];
const servers = `servers: [${names.join(', ')}]\n${hooks}`;
const staged = `${servers}\nrollout: { watch: 1s }\nshift: { stages: [25, 50, 100], for: 1s }\nwatch: { for: 1s, settle: 0s, requests: 0 }`;
let stand: Stand;

beforeAll(async () => {
  stand = await startFleet(names);
  stand.client.configure(`${servers}\nrollout: { watch: 1s }`);
  await stand.client.done('setup');
  await stand.client.done('deploy');
});

afterAll(async () => stand?.stop());

test('before there is a second release a rollback has nowhere to go, and says where', async () => {
  const { code, stderr } = await stand.client.cutover('rollback');
  expect([code, stderr]).toEqual([2, expect.stringContaining('NO_SUCH_RELEASE')]);
  expect(stderr).toContain('shop1: there is no release before this one; no server was touched');
  expect(stderr).toContain('shop5: there is no release before this one');
});

test('as root `doctor` sees what nginx alone may see, and still the units and the output of the deployer', async () => {
  const { stdout, code } = await stand.client.cutover('doctor', '--root', '--only', 'shop1');
  expect([code, stdout]).toEqual([0, expect.stringContaining('✓ nginx -t')]);
  expect(stdout).toContain('the units are enabled, and run without a login');
  expect(stdout).toMatch(/✓ output is kept +`cutover logs blue` shows it/);
  expect(stdout).not.toMatch(/^ [✗!?]/m);
});

test('without root `doctor` does not take a site that it may not read for a missing one', async () => {
  const site = '/etc/nginx/sites-enabled/cutover-shop.conf';
  await stand.say('chmod', '640', site);
  const { stdout, code } = await stand.client.cutover('doctor', '--only', 'shop1');
  await stand.say('chmod', '644', site);
  expect([code, stdout]).toEqual([0, expect.stringMatching(`[?] include is in place +only root may read ${site}`)]);
  expect(stdout).not.toMatch(/^ ✗/m);
});

test('five servers get a release in waves: one, which is watched, then the others', async () => {
  const { client } = stand;
  client.change('1.1.0');
  const load = await stand.load();
  const deployed = await client.done('deploy', '--json');
  await load.nothingLost('a deploy in waves');
  const events = eventsOf(deployed);
  expect(events.filter(({ type }) => type === 'wave' || type === 'watch')).toEqual([
    { type: 'wave', number: 1, of: 2, servers: ['shop1'] },
    { type: 'watch', servers: ['shop1'], time: 1000 },
    { type: 'wave', number: 2, of: 2, servers: names.slice(1) },
  ]);
  const ofFirst = events.filter(({ server }) => server === 'shop1');
  expect(events.indexOf(ofFirst.at(-1) as Told)).toBeLessThan(events.findIndex(({ type }) => type === 'watch'));
  expect(events.findIndex(({ server }) => server === 'shop2')).toBeGreaterThan(lastWave(events));
  expect(wordsOf(deployed)).toEqual(names.map((name) => `${name} done 2`));
  for (const outcome of Object.values(outcomesOf(deployed))) expect(outcome).toMatchObject({ lost: 0, failure: null });
  expect(await stand.versions()).toEqual(all('1.1.0'));
  await agree('2');
});

test('all go back at once, by the switch alone', async () => {
  const load = await stand.load();
  const back = await stand.client.done('rollback', '--json');
  await load.nothingLost('a rollback of all');
  expect(wordsOf(back)).toEqual(names.map((name) => `${name} done 1`));
  const plans = eventsOf(back).flatMap(({ type, plan }) =>
    type === 'begin' ? [plan as readonly { do: string }[]] : [],
  );
  expect(plans).toHaveLength(5);
  for (const plan of plans) expect(plan.map((step) => step.do)).toEqual(['probe', 'hook', 'shift', 'confirm', 'hook']);
  expect(await stand.versions()).toEqual(all('1.0.0'));
  await agree('1');
});

test('when the release fails on the third server, those that had switched go back', async () => {
  const mend = await touch(stand.get('shop3'), broken);
  const load = await stand.load();
  const failed = await stand.client.cutover('deploy', '--json');
  await load.nothingLost('a failure on the third server');
  expect(failed.code).toBe(5);
  expect(wordsOf(failed)).toEqual(names.map((name) => `${name} ${name === 'shop3' ? 'failed' : 'back'} 1`));
  expect(failureOf(failed)).toMatchObject({
    code: 'HOOK_FAILED',
    exit: 5,
    what: expect.stringMatching(/^shop3: the hook \w+ failed$/),
    why: expect.stringContaining('the database is gone'),
    traffic: names.map((name) => `${name} release 1`).join(', '),
    left: 'back on what it was: shop1, shop2, shop4, shop5',
  });
  expect(await stand.versions()).toEqual(all('1.0.0'));
  await agree('1');
  await mend();
});

test('one after another, those whose turn had not come are not touched, and the table says which went back', async () => {
  const { client } = stand;
  client.configure(`${servers}\nrollout: { watch: 1s, waves: [one, one, one, one] }`);
  const mend = await touch(stand.get('shop3'), broken);
  const journals = await stand.say('sha256sum', '/var/lib/cutover/shop/journal.jsonl');
  const load = await stand.load();
  const failed = await client.cutover('deploy');
  await load.nothingLost('a failure on the third server, one after another');
  expect(failed.code).toBe(5);
  const rows = failed.stdout.split('\n').flatMap((line) => /^(shop\d)\s+(\w+)\s+(\d+)/.exec(line)?.slice(1, 4) ?? []);
  expect(rows.join(' ')).toBe('shop1 back 1 shop2 back 1 shop3 failed 1 shop4 untouched 1 shop5 untouched 1');
  expect(failed.stderr).toMatch(/back on what it was: shop1, shop2; not touched: shop4, shop5/);
  const after = await stand.say('sha256sum', '/var/lib/cutover/shop/journal.jsonl');
  const changed = names.filter((name) => after[name] !== journals[name]);
  expect(changed).toEqual(['shop1', 'shop2', 'shop3']);
  await agree('1');
  await mend();
});

test('with on_failure: stop those that switched stay, and the failure names the mix', async () => {
  const { client } = stand;
  client.configure(`${servers}\nrollout: { watch: 1s, waves: [one, one, one, one], on_failure: stop }`);
  const mend = await touch(stand.get('shop3'), broken);
  const load = await stand.load();
  const failed = await client.cutover('deploy', '--json');
  await load.nothingLost('a failure on the third server where nobody goes back');
  expect(failed.code).toBe(5);
  const outcomes = outcomesOf(failed);
  expect(names.map((name) => outcomes[name]?.outcome)).toEqual(['done', 'done', 'failed', 'untouched', 'untouched']);
  const release = outcomes['shop1']?.release;
  expect(failureOf(failed)).toMatchObject({
    traffic: `the servers differ: shop1 release ${release}, shop2 release ${release}, shop3 release 1, shop4 release 1, shop5 release 1`,
    left: 'on the new release: shop1, shop2; not touched: shop4, shop5',
  });
  expect(await stand.versions()).toEqual({ ...all('1.0.0'), shop1: '1.1.0', shop2: '1.1.0' });
  const { differences } = await client.status();
  expect(differences[0]).toMatch(/^releases: shop3, shop4, shop5 1 \(\w{12}\); shop1, shop2 \d \(\w{12}\)$/);
  await mend();
});

test('each server gets the release in stages, and a slow one is taken back where it came first', async () => {
  const { client } = stand;
  client.configure(staged);
  await client.done('setup');
  const load = await stand.load();
  const deployed = await client.done('deploy', '--json');
  const { release } = outcomesOf(deployed)['shop1'] ?? {};
  expect(wordsOf(deployed)).toEqual(names.map((name) => `${name} done ${release}`));
  for (const name of names) expect(sharesOn(name, deployed), name).toEqual([25, 50, 100]);
  await agree(String(release));
  client.configure(staged.replace('for: 1s }', `for: 30s }\nenv: { FAIL: 'slow:400' }`));
  const failed = await client.cutover('deploy', '--json');
  expect(failed.code).toBe(5);
  expect(wordsOf(failed)).toEqual(
    names.map((name) => `${name} ${name === 'shop1' ? 'failed' : 'untouched'} ${release}`),
  );
  expect(failureOf(failed)).toMatchObject({ code: 'RELEASE_WORSE', what: expect.stringContaining('shop1') });
  await load.nothingLost('stages on five servers, and a slow release on the first');
  await agree(String(release));
});

test('the same artifact once more on one of them: its other number is told', async () => {
  const { client } = stand;
  client.configure(staged);
  const release = Number(outcomesOf(await client.done('deploy', '--json'))['shop1']?.release);
  await client.done('deploy', '--only', 'shop1');
  const { stdout } = await client.done('status');
  expect(stdout).toContain(`the same artifact and configuration, as releases ${release}, ${release + 1}`);
  expect((await client.status()).differences).toEqual([]);
});

/** Percents of the new release that are watched, in the order of its stages. */
function sharesOn(server: string, deployed: Finished): readonly number[] {
  const begun = eventsOf(deployed).find((event) => event.type === 'begin' && event.server === server);
  const plan = (begun?.['plan'] ?? []) as readonly { do: string; percent?: number }[];
  return plan.flatMap(({ do: what, percent = 0 }) => (what === 'watch' ? percent : []));
}

function lastWave(events: readonly Told[]): number {
  return events.findLastIndex(({ type }) => type === 'wave');
}

function all(version: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, version]));
}

async function agree(release: string): Promise<void> {
  const { servers: seen, differences } = await stand.client.status();
  expect(differences).toEqual([]);
  for (const { status } of seen) {
    expect(status).toMatchObject({ agreement: true, deployment: null });
    expect(status?.live && status.slots[status.live].release).toBe(release);
  }
}
