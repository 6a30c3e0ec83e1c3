import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../support/fleet-client.ts';
import { failureOf, outcomesOf, reaches, tells, wordsOf } from '../support/fleet-told.ts';
import { heldAfter, heldBefore, hooks, startFleet, touch, type Stand } from '../support/fleet-stand.ts';

const names = ['shop1', 'shop2', 'shop3', 'shop4', 'shop5'];
const servers = `servers: [${names.join(', ')}]`;
const usual = `${servers}\n${hooks}\nrollout: { watch: 1s }`;
const tight = `app: tight\ndomain: tight.example.com\nslots: { blue: 9081, green: 9082 }\nservers: [shop1, shop2, shop3]\nrollout: { watch: 1s }`;
const journal = '/var/lib/cutover/shop/journal.jsonl';
let stand: Stand;
let client: Client;

beforeAll(async () => {
  stand = await startFleet(names);
  client = stand.client;
  client.configure(usual);
  await client.done('setup');
  await client.done('deploy');
});

afterAll(async () => stand?.stop());

test('the power of one server fails right after its switch: the others go back, and it is put right when it is there again', async () => {
  const let3Go = await touch(stand.get('shop3'), heldAfter);
  client.change('1.1.0');
  const load = await stand.load();
  const running = client.start('deploy', '--json');
  await reaches(running, 'shop3', 'afterSwitch');
  await stand.get('shop3').machine.powerFail();
  const failed = await running.done;
  await load.nothingLost('a power failure in the middle of a deploy', 'shop3');
  expect(failed.code, failed.stderr).toBe(5);
  expect(wordsOf(failed)).toEqual(names.map((name) => `${name} ${name === 'shop3' ? 'failed' : 'back'} 1`));
  expect(failureOf(failed)).toMatchObject({ code: 'CONNECTION_LOST', what: expect.stringContaining('shop3') });
  expect(await stand.versions()).toEqual(all('1.0.0'));
  await allHave('1');
  await let3Go();
  await client.done('deploy');
  expect(await stand.versions()).toEqual(all('1.1.0'));
});

test('a network that is away for a few seconds is waited for', async () => {
  const { cutSsh, mendSsh } = stand.get('shop4');
  const let4Go = await touch(stand.get('shop4'), heldBefore);
  client.change('1.2.0');
  const load = await stand.load();
  const running = client.start('deploy', '--json');
  await reaches(running, 'shop4', 'beforeSwitch');
  await cutSsh();
  await let4Go();
  await new Promise((resolve) => setTimeout(resolve, 4000));
  await mendSsh();
  const done = await running.done;
  await load.nothingLost('a network that was away for 4 s');
  expect(done.code, done.stderr).toBe(0);
  expect(await stand.versions()).toEqual(all('1.2.0'));
});

test('the network of one server is cut in the middle of its turn: the others go back, and it is put right when it answers', async () => {
  const { cut, mend } = stand.get('shop4');
  const { versions } = stand;
  const let4Go = await touch(stand.get('shop4'), heldAfter);
  client.change('1.3.0');
  const before = await releases();
  const load = await stand.load();
  const running = client.start('deploy', '--json');
  await reaches(running, 'shop4', 'afterSwitch');
  await cut();
  // ssh hears nothing for 15 to 20 s; after that nobody waits any more.
  await tells(running, 'the loss', ({ type, server }) => type === 'failed' && server === 'shop4');
  const lost = performance.now();
  await tells(running, 'the others going back', ({ type }) => type === 'back');
  expect(performance.now() - lost).toBeLessThan(8000);
  await mend();
  const failed = await running.done;
  await let4Go();
  await load.nothingLost('a network that was cut', 'shop4');
  expect(failed.code, failed.stderr).toBe(5);
  expect(outcomesOf(failed)['shop4']).toMatchObject({ outcome: 'failed', failure: { code: 'CONNECTION_LOST' } });
  expect(failureOf(failed)['left']).toContain('back on what it was: shop1, shop2, shop3, shop5');
  expect(await versions()).toEqual(all('1.2.0'));
  expect(await releases()).toEqual(before);
});

test('a server whose host key has changed is refused before anything is touched, in the words of ssh', async () => {
  const { changeHostKey, trustHostKey } = stand.get('shop2');
  const before = await stand.say('sha256sum', journal);
  await client.disconnect();
  await changeHostKey();
  const load = await stand.load();
  const refused = await client.cutover('deploy', '--json');
  await load.nothingLost('a changed host key');
  expect(refused.code).toBe(5);
  expect(failureOf(refused)).toMatchObject({
    code: 'UNREACHABLE',
    what: 'shop2: shop2 cannot be reached over ssh; no server was touched',
    why: expect.stringContaining('Host key verification failed'),
    fix: expect.stringContaining('--skip shop2'),
  });
  expect(await stand.say('sha256sum', journal)).toEqual(before);
  await trustHostKey();
  await client.done('deploy');
});

test('a disk with too little room for a release is told before any server is touched', async () => {
  const shop3 = stand.get('shop3');
  await shop3.smallDisk('/var/lib/cutover/tight', 40 << 20);
  client.configure(tight);
  await client.done('setup');
  await client.done('deploy');
  await shop3.machine.exec(['fallocate', '-l', '30M', '/var/lib/cutover/tight/ballast']);
  const journals = await stand.say('sha256sum', '/var/lib/cutover/tight/journal.jsonl');
  const failed = await client.cutover('deploy', '--json');
  expect(failed.code).toBe(5);
  expect(await stand.say('sha256sum', '/var/lib/cutover/tight/journal.jsonl')).toEqual(journals);
  expect(failureOf(failed)).toMatchObject({
    code: 'NO_DISK',
    what: 'shop3: there is not enough disk for another release; no server was touched',
    why: expect.stringContaining('/var/lib/cutover/tight'),
  });
  await allHave('1');
  const kept = await stand.say('ls', '-A', '/var/lib/cutover/tight/releases');
  expect(kept['shop3']).toBe('1');
});

test('a disk without a free byte is told before anything is touched', async () => {
  const shop3 = stand.get('shop3');
  await shop3.machine.exec(['sh', '-c', 'cat /dev/zero > /var/lib/cutover/tight/ballast']);
  const places = ['/var/lib/cutover/tight/journal.jsonl', '/var/lib/cutover/tight/traffic'];
  const before = await stand.say('sh', '-c', `ls -lA ${places[1]}; sha256sum ${places[0]}`);
  const failed = await client.cutover('deploy', '--json');
  expect(failed.code).toBe(5);
  expect(failureOf(failed)).toMatchObject({
    code: 'STATE_NOT_WRITABLE',
    what: 'shop3: the state directory cannot be written: /var/lib/cutover/tight',
    why: expect.stringContaining('No space left on device'),
  });
  expect(await stand.say('sh', '-c', `ls -lA ${places[1]}; sha256sum ${places[0]}`)).toEqual(before);
  await shop3.machine.exec(['rm', '/var/lib/cutover/tight/ballast']);
  await client.done('deploy');
  expect((await client.status()).differences).toEqual([]);
});

function all(version: string): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, version]));
}

async function releases(): Promise<readonly (string | null | undefined)[]> {
  const { servers: seen } = await client.status();
  for (const { name, status } of seen) expect(status, name).toMatchObject({ agreement: true, deployment: null });
  return seen.map(({ status }) => status?.live && status.slots[status.live].release);
}

async function allHave(release: string): Promise<void> {
  expect(new Set(await releases())).toEqual(new Set([release]));
}
